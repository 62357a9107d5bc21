package batch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zlock/batch"
)

const small = "id,module,action\n1,Leads,unlock\n"

func zipped(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormatsByName(t *testing.T) {
	json := `{"id":"1","module":"Leads","action":"unlock"}` + "\n"
	for _, c := range []struct{ name, in, want string }{
		{"a.csv", small, "csv"}, {"a.TSV", small, "csv"}, {"a.txt", small, "csv"},
		{"a.jsonl", json, "jsonl"}, {"a.NDJSON", json, "jsonl"},
		{"a.dat", small, "csv"}, {"a.dat", "\n " + json, "jsonl"}, {"a", json, "jsonl"},
		{"a.csv.gz", zipped(t, small), "csv"}, {"a.jsonl.gz", zipped(t, json), "jsonl"}, {"a.bin", zipped(t, json), "jsonl"},
		{"a.csv", zipped(t, "\ufeff"+small), "csv"}, {"a.csv.gz", small, "csv"}, // by content, not by name
		{"a.csv.gz", zipped(t, small) + zipped(t, "2,Leads,unlock\n"), "csv"}, // members follow one another
	} {
		t.Run(c.name, func(t *testing.T) {
			out := readText(t, c.name, c.in, batch.ReadOptions{})
			equal(t, "error", out.err, nil)
			equal(t, "faults", out.faults, nil)
			equal(t, "format", out.sum.Format, c.want)
			equal(t, "gzip", out.sum.Gzip, strings.HasPrefix(c.in, "\x1f\x8b"))
			equal(t, "hash", out.sum.SHA256, fmt.Sprintf("%x", sha256.Sum256([]byte(c.in))))
			equal(t, "bytes", out.sum.Bytes, int64(len(c.in)))
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	good := zipped(t, small)
	for _, c := range []struct {
		name, file, in string
		o              batch.ReadOptions
		want           string
	}{
		{"gzip cut short", "a.csv.gz", good[:len(good)-9], batch.ReadOptions{}, "0:GZIP_BROKEN"},
		{"gzip damaged", "a.csv.gz", good[:20] + "\xff\xff\xff" + good[23:], batch.ReadOptions{}, "0:GZIP_BROKEN"},
		{"gzip of nothing", "a.csv.gz", "\x1f\x8b", batch.ReadOptions{}, "0:GZIP_BROKEN"},
		{"junk after gzip", "a.csv.gz", good + "junk", batch.ReadOptions{}, "0:GZIP_BROKEN"},
		{"gzip in gzip", "a.csv.gz", zipped(t, good), batch.ReadOptions{}, "0:NOT_TEXT"},
		{"gzip bomb", "a.csv.gz", zipped(t, small+strings.Repeat(strings.Repeat(" ", 1023)+"\n", 72<<10)), batch.ReadOptions{}, "0:GZIP_BOMB"},
		{"too large unpacked", "a.csv.gz", zipped(t, small+strings.Repeat("\n", 1<<20)), batch.ReadOptions{MaxBytes: 1 << 19}, "0:FILE_TOO_LARGE"},
		{"too large", "a.csv", small, batch.ReadOptions{MaxBytes: 10}, "0:FILE_TOO_LARGE"},
		{"too many rows", "a.csv", small + "2,Leads,unlock\n", batch.ReadOptions{MaxRows: 1}, "3:TOO_MANY_ROWS"},
		{"JSON array, no name", "-x", "[{}]", batch.ReadOptions{}, "1:JSON_ARRAY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := readText(t, c.file, c.in, c.o)
			equal(t, "error", out.fileCode(), c.want)
			var e *batch.FileError
			if errors.As(out.err, &e) && (e.Message == "" || e.Hint == "") {
				t.Errorf("an error that does not say everything: %+v", e)
			}
		})
	}
}

func TestInvalidUTF8IsLocated(t *testing.T) {
	out := readText(t, "a.csv", small+"2,Le\xffads,unlock\n", batch.ReadOptions{})
	want := fmt.Sprintf("read job file: line 3: not UTF-8 at byte %d of the text", len(small)+5)
	if out.err == nil || out.err.Error() != want {
		t.Errorf("error %v, want %s", out.err, want)
	}
}

func TestAllowEmpty(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a.csv", "id,module,action\n", ""}, {"a.jsonl", "", ""}, {"-x", "", ""},
		{"a.csv", "", "0:EMPTY_FILE"}, // no header: cut short, not empty
		{"a.csv", "name,module,action\n", "1:COLUMN_MISSING"},
	} {
		out := readText(t, c.name, c.in, batch.ReadOptions{AllowEmpty: true})
		equal(t, c.name+" "+c.in, strings.Join(out.codes(), " "), c.want)
	}
}

func openCode(t *testing.T, ctx context.Context, path string, stdin io.Reader, o batch.ReadOptions) (batch.Source, string) {
	t.Helper()
	src, err := batch.Open(ctx, path, stdin, o)
	t.Cleanup(func() { _ = src.Close() })
	var e *batch.FileError
	if errors.As(err, &e) {
		return src, e.Code
	}
	if err != nil {
		return src, err.Error()
	}
	return src, ""
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, in, want string }{
		{"missing", filepath.Join(dir, "none.csv"), batch.FileNotFound},
		{"directory", dir, batch.FileNotRegular},
		{"device", os.DevNull, batch.FileNotRegular},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got := openCode(t, t.Context(), c.in, nil, batch.ReadOptions{})
			equal(t, "code", got, c.want)
		})
	}
	if _, err := batch.Open(t.Context(), filepath.Join(dir, "none.csv"), nil, batch.ReadOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the system's error is lost: %v", err)
	}
}

func TestStandardInputIsSpooled(t *testing.T) {
	dir := t.TempDir()
	src, code := openCode(t, t.Context(), "-", strings.NewReader(small), batch.ReadOptions{TempDir: dir})
	equal(t, "code", code, "")
	equal(t, "name", src.Name(), "-")
	equal(t, "size", src.Size(), int64(len(small)))
	sha, size, err := src.Hash(t.Context())
	equal(t, "hash", sha, fmt.Sprintf("%x", sha256.Sum256([]byte(small))))
	equal(t, "hashed", size, int64(len(small)))
	equal(t, "error", err, nil)
	sum, err := batch.Read(t.Context(), src, batch.ReadOptions{}, nil)
	equal(t, "error", err, nil)
	equal(t, "rows", sum.Rows, int64(1))
	equal(t, "same hash", sum.SHA256, sha)
	equal(t, "closed", src.Close(), nil)
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestSpoolIsBounded(t *testing.T) {
	dir := t.TempDir()
	_, code := openCode(t, t.Context(), "-", strings.NewReader(small), batch.ReadOptions{TempDir: dir, MaxBytes: 10})
	equal(t, "code", code, batch.FileTooLarge)
	_, code = openCode(t, t.Context(), "-", strings.NewReader(small), batch.ReadOptions{TempDir: dir, MaxBytes: int64(len(small))})
	equal(t, "code", code, "")
}

func TestSpoolingEndsWithItsContext(t *testing.T) {
	in, out := io.Pipe() // a writer that never comes
	defer func() { _ = out.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := batch.Open(ctx, "-", in, batch.ReadOptions{TempDir: t.TempDir()})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestABrokenPipeIsAnError(t *testing.T) {
	in, out := io.Pipe()
	go func() { _ = out.CloseWithError(errors.New("the writer died")) }()
	_, code := openCode(t, t.Context(), "-", in, batch.ReadOptions{TempDir: t.TempDir()})
	equal(t, "code", code, batch.FileUnreadable)
}
