//go:build !unix

package checkpoint

import "io/fs"

// syncDir has nothing to do where directories can't be synced.
func syncDir(string) error { return nil }

// unlinked is never true where a file in use can't be removed.
func unlinked(fs.FileInfo) bool { return false }
