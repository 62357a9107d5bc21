//go:build unix

package cli_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLooseSignInFiles: what somebody else may have read, or put there, is refused with what to type.
func TestLooseSignInFiles(t *testing.T) {
	for _, in := range []struct {
		name string
		do   func(file string) error
		says []string
	}{
		{"group may read", func(f string) error { return os.Chmod(f, 0o640) }, []string{"mode 0640", "chmod 600 "}},
		{"all may read", func(f string) error { return os.Chmod(f, 0o644) }, []string{"mode 0644", "sign in again"}},
		{"all may write", func(f string) error { return os.Chmod(f, 0o602) }, []string{"mode 0602"}},
		{"directory of others", func(f string) error { return os.Chmod(filepath.Dir(f), 0o750) }, []string{"mode 0750", "chmod 700 "}},
		{"symbolic link", func(f string) error {
			if err := os.Rename(f, f+".real"); err != nil {
				return err
			}
			return os.Symlink(f+".real", f)
		}, []string{"symbolic link", "zlock auth login"}},
		{"directory", func(f string) error {
			if err := os.Remove(f); err != nil {
				return err
			}
			return os.Mkdir(f, 0o700)
		}, []string{"not a regular file"}},
		{"damaged", func(f string) error { return os.WriteFile(f, []byte(`{"store":"fi`), 0o600) }, []string{"damaged"}},
		{"of another store", func(f string) error { return os.WriteFile(f, []byte(`{"store":"cloud","accounts_url":"x"}`), 0o600) }, []string{"damaged"}},
		{"of a later version", func(f string) error {
			return os.WriteFile(f, []byte(`{"version":9,"store":"file","accounts_url":"x"}`), 0o600)
		}, []string{"later version"}},
		{"of another profile", func(f string) error {
			return os.WriteFile(f, []byte(`{"version":1,"profile":"Default","store":"file","accounts_url":"x"}`), 0o600)
		}, []string{"profile Default"}},
		{"without its secrets", func(f string) error {
			body, err := os.ReadFile(f)
			if err != nil {
				return err
			}
			return os.WriteFile(f, []byte(strings.Replace(string(body), "refresh_token", "refresh_tokem", 1)), 0o600)
		}, []string{"not whole"}},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := signingIn(t, nil)
			s.login(0, "--store", "file")
			if err := in.do(s.signInFile("default")); err != nil {
				t.Fatal(err)
			}
			before := s.org.Stats().TokenCalls
			s.want(s.run("run", s.locks("job.csv", 0, 2)), 2, in.says...)
			s.want(s.run("auth", "status"), 2, in.says...)
			if s.org.Stats().TokenCalls != before {
				t.Error("a token was asked for all the same")
			}
		})
	}
}

func TestSignInFileOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	s := signingIn(t, nil)
	s.login(0, "--store", "file")
	if err := os.Chown(s.signInFile("default"), 12345, -1); err != nil {
		t.Fatal(err)
	}
	s.want(s.run("auth", "status"), 2, "belongs to another user (uid 12345)")
}

// TestSignInReplacesALink: a link planted where the file is to be is replaced, and what it leads to is left.
func TestSignInReplacesALink(t *testing.T) {
	s := signingIn(t, nil)
	s.mkdir(".config/zlock/signin")
	target := filepath.Join(s.dir, s.file("target", "untouched"))
	if err := os.Symlink(target, s.signInFile("default")); err != nil {
		t.Fatal(err)
	}
	s.login(2, "--store", "file") // it is said first: somebody put it there
	if err := os.Remove(s.signInFile("default")); err != nil {
		t.Fatal(err)
	}
	s.login(0, "--store", "file")
	if body, err := os.ReadFile(target); err != nil || string(body) != "untouched" {
		t.Errorf("target: %q, %v", body, err)
	}
	entries, err := os.ReadDir(filepath.Dir(s.signInFile("default")))
	if err != nil || len(entries) != 1 || entries[0].Type()&fs.ModeSymlink != 0 {
		t.Errorf("left in the directory: %v, %v", entries, err)
	}
}
