//go:build unix

package checkpoint_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zlock/checkpoint"
)

func TestCheckPrivate(t *testing.T) {
	dir := t.TempDir()
	private := filepath.Join(dir, "private")
	if err := os.Mkdir(private, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, in := range []struct {
		name string
		make func(path string) error
		want string // "" is in order
	}{
		{"missing", func(string) error { return nil }, ""},
		{"0700", func(path string) error { return os.Mkdir(path, 0o700) }, ""},
		{"0755", func(path string) error { return errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, 0o755)) }, ""},
		{"0775", func(path string) error { return errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, 0o775)) }, "others may write to it (mode 0775)"},
		{"0702", func(path string) error { return errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, 0o702)) }, "others may write to it"},
		{"link", func(path string) error { return os.Symlink(private, path) }, "a symbolic link"},
		{"file", func(path string) error { return os.WriteFile(path, nil, 0o600) }, "no directory"},
		{"another's", func(path string) error { return errors.Join(os.Mkdir(path, 0o700), os.Chown(path, 12345, -1)) }, "it belongs to user 12345"},
	} {
		t.Run(in.name, func(t *testing.T) {
			path := filepath.Join(dir, in.name)
			if err := in.make(path); errors.Is(err, os.ErrPermission) {
				t.Skip("only root can give a directory away")
			} else if err != nil {
				t.Fatal(err)
			}
			err := checkpoint.CheckPrivate(path)
			var shared *checkpoint.SharedDirError
			switch {
			case in.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case in.want != "" && (!errors.As(err, &shared) || !strings.Contains(err.Error(), in.want) || shared.Hint == ""):
				t.Errorf("got %v, want %q", err, in.want)
			}
		})
	}
}
