package checkpoint_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "modernc.org/sqlite"

	"zlock/batch"
	"zlock/checkpoint"
)

// raw opens the file beside the checkpoint, as an SQL shell would.
func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	u := url.URL{Scheme: "file", Path: path, RawQuery: "_busy_timeout=5000"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func execRaw(t testing.TB, path, query string, args ...any) {
	t.Helper()
	db := raw(t, path)
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
	db.Close()
}

func count(t testing.TB, path, query string) (n int64) {
	t.Helper()
	db := raw(t, path)
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	db.Close()
	return n
}

func TestOpenMakesAnEmptyFileAndReopensIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "x.db")
	d := open(t, path)
	enrol(t, d, aRun(runID), locks(1))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if got := find(t, open(t, path), "latest").ID; got != runID {
		t.Errorf("found %q", got)
	}
	if err := os.WriteFile(path+"2", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, path+"2")
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, path string)
		want any
		says string
	}{
		{"a CSV file", func(t *testing.T, path string) {
			write(t, path, "record_id,module\n"+strings.Repeat("5842000000000000001,Leads\n", 100))
		}, new(*checkpoint.ForeignError), "--db"},
		{"a short text", func(t *testing.T, path string) { write(t, path, "hello") }, new(*checkpoint.ForeignError), "not a zlock checkpoint"},
		{"another program's database", func(t *testing.T, path string) {
			write(t, path, "")
			execRaw(t, path, "CREATE TABLE bookmarks (url TEXT)")
		}, new(*checkpoint.ForeignError), "another program"},
		{"another program's empty database", func(t *testing.T, path string) {
			write(t, path, "")
			execRaw(t, path, "PRAGMA application_id = 77")
		}, new(*checkpoint.ForeignError), "0x4d"},
		{"a newer schema", func(t *testing.T, path string) {
			made(t, path)
			execRaw(t, path, "PRAGMA user_version = 99")
		}, new(*checkpoint.SchemaError), "newer zlock (schema 99"},
		{"a truncated file", func(t *testing.T, path string) {
			made(t, path)
			if err := os.Truncate(path, 8192); err != nil {
				t.Fatal(err)
			}
		}, new(*checkpoint.DamagedError), "damaged"},
		{"half a header", func(t *testing.T, path string) {
			made(t, path)
			if err := os.Truncate(path, 50); err != nil {
				t.Fatal(err)
			}
		}, new(*checkpoint.DamagedError), "restore it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			tt.make(t, path)
			before := read(t, path)
			for mode, open := range map[string]func() (*checkpoint.DB, error){
				"write": func() (*checkpoint.DB, error) { return checkpoint.Open(t.Context(), path) },
				"read":  func() (*checkpoint.DB, error) { return checkpoint.OpenReadOnly(t.Context(), path) },
			} {
				_, err := open()
				if err == nil || !errors.As(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%s: %v, want a %T that says %q", mode, err, tt.want, tt.says)
				}
			}
			if read(t, path) != before {
				t.Error("the file was changed")
			}
		})
	}
}

// An older file that a step breaks on is damaged, and left as that step found it.
func TestOlderSchemaThatDoesNotFit(t *testing.T) {
	for _, tt := range []struct {
		name, spoil, says string
		schema            int64
	}{
		{"a value that no row may have", `PRAGMA ignore_check_constraints = ON; UPDATE rows SET record_id = 'x' WHERE key = (SELECT max(key) FROM rows)`, "cannot store TEXT", 1},
		{"a table that is gone", `DROP TABLE rows`, "no such table: rows", 1},
		{"a step that was taken", `ALTER TABLE rows ADD COLUMN expect TEXT`, "duplicate column name: expect", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := fresh(t)
			path := d.Path()
			leave(t, d, runID, "org", locks(1)[0], batch.Result{Outcome: batch.Locked, LockID: "71"})
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			older(t, path)
			execRaw(t, path, "DROP TABLE locks; ALTER TABLE rows DROP COLUMN expect; PRAGMA user_version = 1")
			execRaw(t, path, tt.spoil)
			_, err := checkpoint.Open(t.Context(), path)
			if !errors.As(err, new(*checkpoint.DamagedError)) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "restore it from a backup") {
				t.Errorf("got %v", err)
			}
			if got := count(t, path, "PRAGMA user_version"); got != tt.schema {
				t.Errorf("it is of schema %d, want %d", got, tt.schema)
			}
		})
	}
}

func TestTruncatedAnywhere(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.db")
	made(t, whole)
	b := read(t, whole)
	for i := range 40 {
		path := filepath.Join(dir, "cut.db")
		n := 1 + i*(len(b)-1)/40
		write(t, path, b[:n])
		d, err := checkpoint.Open(t.Context(), path)
		if err == nil {
			d.Close()
			t.Errorf("opened %d of %d bytes", n, len(b))
		}
		for _, left := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(path + left); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
}

// made makes a checkpoint with rows in it and closes it.
func made(t *testing.T, path string) {
	t.Helper()
	d, err := checkpoint.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	enrol(t, d, aRun(runID), locks(2000))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// read is for files that no connection of this process has open.
func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOpenNeedsAPlace(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "x")
	for _, path := range []string{"", "a\x00b", filepath.Join(dir, "file", "x.db"), dir} {
		if _, err := checkpoint.Open(t.Context(), path); err == nil {
			t.Errorf("%q was opened", path)
		}
	}
}

func TestOpenReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if _, err := checkpoint.OpenReadOnly(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the file was made")
	}
	write(t, path, "")
	if _, err := checkpoint.OpenReadOnly(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("empty: %v", err)
	}
	enrol(t, open(t, path), aRun(runID), locks(2))
	ro, err := checkpoint.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	if got := find(t, ro, "").Total; got != 2 {
		t.Errorf("%d rows", got)
	}
	for name, do := range map[string]func() error{
		"begin":    func() error { _, err := ro.Begin(t.Context(), runID, ""); return err },
		"enrol":    func() error { _, err := ro.Enrol(t.Context(), aRun("x")); return err },
		"settings": func() error { return ro.SetSettings(t.Context(), runID, nil) },
		"retry":    func() error { _, err := ro.Retry(t.Context(), runID, nil, nil); return err },
		"book":     func() error { return ro.Book(t.Context(), "org", "", 1, 1, aRun("").CreatedAt) },
		"remember": func() error { return ro.Remember(t.Context(), "org", "k", "v") },
	} {
		if err := do(); err == nil {
			t.Errorf("%s was done", name)
		}
	}
}

func TestNamesThatMeanSomethingToADSN(t *testing.T) {
	dir := t.TempDir()
	names := []string{
		"we?ird#1%41.db", "a b+c&d=e.db", "x.db?_pragma=synchronous(off)", "x.db?mode=memory", "ünï'\"code;.db", "%00.db", ":memory:", "file:y.db",
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		d := open(t, path)
		enrol(t, d, aRun(runID), locks(1))
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if d.Path() != path {
			t.Errorf("path %q, want %q", d.Path(), path)
		}
		if got := d.Setting(t, "synchronous"); got != "2" {
			t.Errorf("%q: synchronous is %s", name, got)
		}
		d.Close()
	}
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found {
		if name := strings.TrimSuffix(e.Name(), ".enrol"); !contains(names, name) {
			t.Errorf("%q was made", e.Name())
		}
	}
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

func TestSettings(t *testing.T) {
	d := fresh(t)
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "busy_timeout": "5000", "fullfsync": "1", "checkpoint_fullfsync": "1",
		"application_id": "2053923691", "user_version": "5", "query_only": "0",
	} {
		if got := d.Setting(t, pragma); got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
}

func TestSQLiteVersions(t *testing.T) {
	for version, want := range map[string]bool{
		"3.51.3": true, "3.51.10": true, "3.53.4": true, "4.0.0": true,
		"3.51.2": false, "3.50.9": false, "2.99.99": false, "3.51": false, "": false, "x.y.z": false,
	} {
		if got := checkpoint.Recent(version); got != want {
			t.Errorf("%q: %v, want %v", version, got, want)
		}
	}
}

func TestManyOpenersOfANewFile(t *testing.T) {
	for range 20 {
		path := filepath.Join(t.TempDir(), "x.db")
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				d, err := checkpoint.Open(t.Context(), path)
				if err != nil {
					t.Error(err)
					return
				}
				d.Close()
			})
		}
		wg.Wait()
	}
}

func TestSchemaKnowsTheStates(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(1))
	db := raw(t, d.Path())
	for _, o := range batch.Outcomes() {
		if _, err := db.ExecContext(t.Context(), "UPDATE rows SET state = ?, dealt_at = 1, sent_at = 1", string(o)); err != nil {
			t.Errorf("%s: %v", o, err)
		}
	}
	for _, s := range []batch.State{batch.Enrolled, batch.Running, batch.Paused, batch.Interrupted, batch.Completed} {
		if _, err := db.ExecContext(t.Context(), "UPDATE runs SET state = ?", string(s)); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, bad := range []string{
		"UPDATE rows SET state = 'done'",
		"UPDATE rows SET state = NULL",
		"UPDATE rows SET state = 'sending', dealt_at = NULL",
		"UPDATE rows SET state = 'unknown', dealt_at = 1, sent_at = NULL",
		"UPDATE rows SET state = 'pending', record_id = '5.8E+18'",
		"UPDATE rows SET state = 'pending', record_id = 0",
		"UPDATE rows SET state = 'pending', record_id = NULL",
		"UPDATE rows SET state = 'pending', action = 'delete'",
		"UPDATE rows SET state = 'pending', action = NULL",
		"UPDATE rows SET line = 'seven'",
		"UPDATE runs SET state = 'asleep'",
		"UPDATE runs SET reserved = -1",
		"UPDATE tallies SET n = -1",
	} {
		if _, err := db.ExecContext(t.Context(), bad); err == nil {
			t.Errorf("the schema takes %q", bad)
		}
	}
}
