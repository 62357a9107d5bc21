package batch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Source is a job file held open, so that hashing it and reading it see the same file. It may be
// read any number of times, and must be closed.
type Source struct {
	name string // as given; "-" for standard input
	file *os.File
	size int64
	temp string // the spooled copy to remove at the end; "" where the system has let it go already
}

// Open opens a job file. The path "-" is standard input, which like a named pipe is first copied to
// a temporary file of mode 0600 in o.TempDir, no more than o.MaxBytes of it. The error is a
// *FileError, or ctx's, wrapped.
func Open(ctx context.Context, path string, stdin io.Reader, o ReadOptions) (Source, error) {
	src, err := open(ctx, path, stdin, o.withDefaults())
	if err != nil {
		return Source{}, fmt.Errorf("open job file: %w", err)
	}
	return src, nil
}

func open(ctx context.Context, path string, stdin io.Reader, o ReadOptions) (Source, error) {
	if path == "-" {
		return spool(ctx, path, stdin, o)
	}
	info, err := os.Stat(path)
	if err != nil {
		return Source{}, notOpened(err)
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return Source{}, &FileError{Code: FileNotRegular, Message: "it is a directory", Hint: "name a .csv or .jsonl file in it"}
	case mode&fs.ModeNamedPipe != 0:
		return openPipe(ctx, path, o)
	case !mode.IsRegular():
		return Source{}, &FileError{Code: FileNotRegular, Message: "it is a device, not a file",
			Hint: "name a file, or - for standard input"}
	}
	file, err := os.Open(path)
	if err != nil {
		return Source{}, notOpened(err)
	}
	return Source{name: path, file: file, size: info.Size()}, nil
}

func notOpened(err error) *FileError {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &FileError{Code: FileNotFound, Message: "no such file", Hint: "check the name and the current directory", Err: err}
	case errors.Is(err, fs.ErrPermission):
		return &FileError{Code: FileUnreadable, Message: "this user may not read it", Hint: "check the file's permissions", Err: err}
	}
	return unreadable(err)
}

func unreadable(err error) *FileError {
	return &FileError{Code: FileUnreadable, Message: err.Error(), Hint: "check the disk or network share that holds the file", Err: err}
}

func tooLarge(most int64) *FileError {
	return &FileError{Code: FileTooLarge, Message: fmt.Sprintf("more than %d bytes", most),
		Hint: "split the file, or raise --max-file-size"}
}

// openPipe spools a named pipe. Opening one waits for its writer, and cannot be called off: the
// waiting is left behind when ctx ends.
func openPipe(ctx context.Context, path string, o ReadOptions) (Source, error) {
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		file, err := os.Open(path)
		done <- opened{file, err}
	}()
	select {
	case <-ctx.Done():
		go func() {
			if late := <-done; late.err == nil {
				_ = late.file.Close()
			}
		}()
		return Source{}, context.Cause(ctx)
	case now := <-done:
		if now.err != nil {
			return Source{}, notOpened(now.err)
		}
		defer func() { _ = now.file.Close() }()
		return spool(ctx, path, now.file, o)
	}
}

// spool copies what can be read only once to a temporary file of our own.
func spool(ctx context.Context, name string, in io.Reader, o ReadOptions) (Source, error) {
	file, temp, err := tempFile(o.TempDir, "zlock-input-*")
	if err != nil {
		return Source{}, fmt.Errorf("copy %s to a temporary file: %w", name, err)
	}
	src := Source{name: name, file: file, temp: temp}
	src.size, err = copyInterruptibly(ctx, file, io.LimitReader(in, o.MaxBytes+1))
	if err == nil && src.size > o.MaxBytes {
		err = tooLarge(o.MaxBytes)
	}
	if err != nil {
		_ = src.Close()
		return Source{}, err
	}
	return src, nil
}

// copyInterruptibly is io.Copy that gives up waiting for the reader when ctx ends. A read that
// hangs is left behind; it writes nothing any more.
func copyInterruptibly(ctx context.Context, w io.Writer, r io.Reader) (int64, error) {
	type piece struct {
		data []byte
		err  error
	}
	pieces := make(chan piece)
	go func() {
		for {
			data := make([]byte, 64<<10)
			n, err := r.Read(data)
			select {
			case pieces <- piece{data[:n], err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	var total int64
	for {
		select {
		case <-ctx.Done():
			return total, context.Cause(ctx)
		case p := <-pieces:
			n, err := w.Write(p.data)
			total += int64(n)
			switch {
			case err != nil:
				return total, fmt.Errorf("copy to a temporary file: %w", err)
			case errors.Is(p.err, io.EOF):
				return total, nil
			case p.err != nil:
				return total, unreadable(p.err)
			}
		}
	}
}

// tempFile makes a 0600 file and, where the system allows, lets go of its name at once, so that no
// crash leaves it behind. Otherwise left is the name to remove.
func tempFile(dir, pattern string) (file *os.File, left string, err error) {
	file, err = os.CreateTemp(dir, pattern)
	if err != nil {
		return nil, "", err
	}
	if os.Remove(file.Name()) != nil {
		left = file.Name()
	}
	return file, left, nil
}

// Name is the path as it was given; "-" for standard input.
func (s Source) Name() string { return s.name }

// Size is the file's length in bytes when it was opened.
func (s Source) Size() int64 { return s.size }

// Hash reads the file through and gives the SHA-256 of its bytes in hex, and their number.
func (s Source) Hash(ctx context.Context) (sha string, size int64, err error) {
	h := newHashing(s.reader())
	buf := make([]byte, 256<<10)
	for {
		if ctx.Err() != nil {
			return "", 0, fmt.Errorf("hash job file: %w", context.Cause(ctx))
		}
		_, err := h.Read(buf)
		if errors.Is(err, io.EOF) {
			return h.sum(), h.n, nil
		}
		if err != nil {
			return "", 0, fmt.Errorf("hash job file: %w", unreadable(err))
		}
	}
}

// Close lets go of the file, and removes the copy of standard input.
func (s Source) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.temp != "" {
		err = errors.Join(err, os.Remove(s.temp))
	}
	return err
}

// reader reads the file from its start.
func (s Source) reader() io.Reader {
	if s.file == nil {
		return strings.NewReader("")
	}
	return io.NewSectionReader(s.file, 0, 1<<62)
}

// format is what the file's name says of its format; "" where it says nothing.
func (s Source) format() string {
	name := strings.TrimSuffix(strings.ToLower(s.name), ".gz")
	switch filepath.Ext(name) {
	case ".csv", ".tsv", ".txt":
		return "csv"
	case ".jsonl", ".ndjson":
		return "jsonl"
	}
	return ""
}

// hashing counts and hashes what is read through it.
type hashing struct {
	r io.Reader
	h hash.Hash
	n int64
}

func newHashing(r io.Reader) *hashing { return &hashing{r: r, h: sha256.New()} }

// Read reads on, hashing.
func (h *hashing) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.n += int64(n)
	_, _ = h.h.Write(p[:n]) // never returns an error
	return n, err
}

func (h *hashing) sum() string { return hex.EncodeToString(h.h.Sum(nil)) }
