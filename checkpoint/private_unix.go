//go:build unix

package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// CheckPrivate refuses a directory of ours in which somebody else could put files in the place of ours:
// a symbolic link, one that belongs to another user, or one that others may write to. One that is not
// there yet is in order: it will be made for its owner alone. The error is a *SharedDirError, or the
// system's.
func CheckPrivate(dir string) error {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at directory: %w", err)
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return &SharedDirError{dir, "it is a symbolic link, which may come to lead elsewhere", "name the directory itself"}
	case !mode.IsDir():
		return &SharedDirError{dir, "it is no directory", "name another one"}
	case known && int(owner.Uid) != os.Geteuid():
		return &SharedDirError{dir, fmt.Sprintf("it belongs to user %d, and this is user %d", owner.Uid, os.Geteuid()), "name one of this user's own"}
	case mode.Perm()&0o022 != 0:
		return &SharedDirError{dir, fmt.Sprintf("others may write to it (mode %04o)", mode.Perm()), "close it: chmod 700 on the directory"}
	}
	return nil
}
