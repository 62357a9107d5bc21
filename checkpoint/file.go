package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// absolute returns the absolute path of a checkpoint, if it can be one.
func absolute(path string) (string, error) {
	if path == "" || strings.ContainsRune(path, 0) {
		return "", fmt.Errorf("checkpoint %q: not a file name", path)
	}
	return filepath.Abs(path)
}

// create makes the file, empty and for its owner alone, unless it is there. SQLite gives its own
// side files the same permissions, so they must be right from the start, whatever the umask.
func create(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("checkpoint directory: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return syncDir(dir)
}

// presence is which files a checkpoint consisted of when it was opened. A file that is removed under
// SQLite takes every later commit with it, and SQLite does not notice. The files are only looked at by
// name, never opened: closing a descriptor of theirs would strip SQLite's locks.
type presence struct {
	path    string
	db, wal fs.FileInfo
}

// see notes the files that are there. The write-ahead log may be made only by the first commit.
func see(path string) (presence, error) {
	p := presence{path: path}
	var err error
	if p.db, err = look(path); err != nil {
		return p, err
	}
	p.wal, err = look(path + "-wal")
	if g := (*GoneError)(nil); errors.As(err, &g) {
		p.wal, err = nil, nil
	}
	return p, err
}

// check returns a *GoneError unless the files are those that were seen. A write-ahead log not seen
// before is noted: after a commit there must be one.
func (p *presence) check() error {
	if err := p.checkDB(); err != nil {
		return err
	}
	wal, err := look(p.path + "-wal")
	if err != nil {
		return err
	}
	if p.wal == nil {
		p.wal = wal
	}
	if !os.SameFile(p.wal, wal) {
		return &GoneError{Path: p.path + "-wal", What: "replaced"}
	}
	return nil
}

// checkDB is check for the database alone.
func (p *presence) checkDB() error {
	db, err := look(p.path)
	switch {
	case err != nil:
		return err
	case !os.SameFile(p.db, db):
		return &GoneError{Path: p.path, What: "replaced"}
	case unlinked(db):
		return &GoneError{Path: p.path, What: "removed"}
	}
	return nil
}

func look(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &GoneError{Path: path, What: "removed"}
	}
	if err != nil {
		return nil, fmt.Errorf("look at checkpoint: %w", err)
	}
	return info, nil
}
