package checkpoint_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"zlock/checkpoint"
)

// A reader finds damage, and none where there is none.
func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d, err := checkpoint.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	enrol(t, d, aRun(runID), locks(2000))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	check := func() error {
		d, err := checkpoint.OpenReadOnly(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		return d.Check(t.Context())
	}
	if err := check(); err != nil {
		t.Errorf("a whole one: %v", err)
	}
	size := int64(len(read(t, path)))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 4096), size/2/4096*4096); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := check(); !errors.As(err, new(*checkpoint.DamagedError)) {
		t.Errorf("a damaged one: %v", err)
	}
}
