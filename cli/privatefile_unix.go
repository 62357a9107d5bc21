//go:build unix

package cli

import (
	"io/fs"
	"os"
	"syscall"
)

// openPrivate opens a file to read, and never a symbolic link.
func openPrivate(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}

// ownedByUs reports whether the user of this process owns the file, and who does.
func ownedByUs(info fs.FileInfo) (owner uint32, ours bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return stat.Uid, int(stat.Uid) == os.Geteuid()
}
