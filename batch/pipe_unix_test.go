//go:build unix

package batch_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"zlock/batch"
)

func TestNamedPipeIsSpooled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	wrote := make(chan error, 1)
	go func() {
		w, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			_, err = io.WriteString(w, small)
			err = errors.Join(err, w.Close())
		}
		wrote <- err
	}()
	out := readPath(t, path, batch.ReadOptions{TempDir: t.TempDir()})
	equal(t, "written", <-wrote, nil)
	equal(t, "rows", out.sum.Rows, int64(1))
}

func TestNamedPipeWithoutAWriterEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := batch.Open(ctx, path, nil, batch.ReadOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	w, err := os.OpenFile(path, os.O_WRONLY, 0) // lets the reader left behind go
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
}
