package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// mostPrivate is the size of a private file, at most.
const mostPrivate = 64 << 10

// readPrivate reads a file that holds secrets. One that somebody else could have read, or put there, is
// refused with what to type; one that is not there gives fs.ErrNotExist.
func readPrivate(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return nil, usage(clean(path)+" is a symbolic link, which may lead anywhere", "remove it, and sign in again: zlock auth login")
	}
	if dir, err := os.Stat(filepath.Dir(path)); err == nil {
		if err := private(filepath.Dir(path), dir, "700"); err != nil {
			return nil, err
		}
	}
	file, err := openPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil { // of what was opened: the name may mean another file by now
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, usage(clean(path)+" is not a regular file", "remove it, and sign in again: zlock auth login")
	}
	if err := private(path, info, "600"); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(file, mostPrivate))
}

// private refuses what others than the user may read, or own. Windows has no such modes: the user's
// profile directory is guarded as a whole there.
func private(path string, info fs.FileInfo, mode string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	if owner, ours := ownedByUs(info); !ours {
		return usage(fmt.Sprintf("%s belongs to another user (uid %d)", clean(path), owner),
			"remove it, and sign in again as yourself: zlock auth login")
	}
	if info.Mode().Perm()&0o077 != 0 {
		return usage(fmt.Sprintf("%s may be read by others (mode %#o)", clean(path), info.Mode().Perm()),
			"chmod "+mode+" "+shellWord(path)+"; and where others use this machine, sign in again: they may have read it")
	}
	return nil
}

// makePrivateDir makes a directory for private files, and refuses one that others may look into.
func makePrivateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	if !info.IsDir() {
		return usage(clean(dir)+" is not a directory", "remove it, and sign in again: zlock auth login")
	}
	return private(dir, info, "700")
}

// writePrivate puts a file in the place of path as a whole: a reader finds the old one or the new one, and
// a power cut leaves one of them.
func writePrivate(path string, body []byte) error {
	if err := makePrivateDir(filepath.Dir(path)); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // O_EXCL, 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = temp.Write(body)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(temp.Name())))
	}
	return nil
}
