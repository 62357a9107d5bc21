package cli

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"zlock/internal/crash"
)

// writeFile makes a file whole or not at all: it is written beside its place, readable by its
// owner alone, and moved there at the end. One that is there already stays unless force.
// It never replaces one of the files in keep. A name that ends in .gz gets what it says.
func writeFile(path string, force bool, keep []string, write func(io.Writer) error) error {
	if err := mayWrite(path, force, keep); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".zlock-*")
	if err != nil {
		return usage(fmt.Sprintf("write %s: %v", path, err), "name a file in a directory that is there and can be written to")
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone already when all went well
	buffered := bufio.NewWriterSize(temp, 256<<10)
	if packed(path) {
		zip := gzip.NewWriter(buffered)
		err = errors.Join(write(zip), zip.Close())
	} else {
		err = write(buffered)
	}
	err = errors.Join(err, buffered.Flush(), temp.Sync(), temp.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	crash.At("before-move")
	if force {
		err = os.Rename(temp.Name(), path)
	} else {
		err = moveNew(temp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// packed reports a name that asks for gzip.
func packed(path string) bool { return strings.HasSuffix(strings.ToLower(path), ".gz") }

// bareName is the name, in lower case, of what a file holds once it is unpacked.
func bareName(path string) string { return strings.TrimSuffix(strings.ToLower(path), ".gz") }

// moveNew is os.Rename that never replaces: a file that appeared meanwhile stays.
func moveNew(from, to string) error {
	switch err := os.Link(from, to); {
	case err == nil, errors.Is(err, fs.ErrExist):
		return err
	}
	if _, err := os.Lstat(to); err == nil { // a file system without links
		return fs.ErrExist
	}
	return os.Rename(from, to)
}

// mayWrite refuses a place where something else stands.
func mayWrite(path string, force bool, keep []string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return usage(fmt.Sprintf("write %s: %v", path, err))
	}
	for _, other := range keep {
		if there, err := os.Stat(other); err == nil && os.SameFile(info, there) {
			return usage(fmt.Sprintf("write %s: that is the checkpoint or the job file", path), "name another file")
		}
	}
	switch {
	case !info.Mode().IsRegular():
		return usage(fmt.Sprintf("write %s: not a file", path), "name a file")
	case !force:
		return usage(fmt.Sprintf("write %s: it is there already", path), "name another file, or add --force")
	}
	return nil
}
