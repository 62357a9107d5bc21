package checkpoint

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// busyMillis is how long a statement waits for another process's lock.
const busyMillis = 5000

// oldest is the first SQLite without the WAL-reset race: before it, a write and a checkpoint at the
// same instant could damage the database.
var oldest = [3]int{3, 51, 3}

// dsn names a database to the driver. Everything in the path is escaped: a "?" in a file name would
// otherwise open another file, or change a setting.
func dsn(path string, readOnly bool) string {
	q := url.Values{}
	q.Set("_busy_timeout", strconv.Itoa(busyMillis))
	if readOnly {
		q.Set("mode", "ro")
		q.Set("_query_only", "true")
	} else {
		q.Set("mode", "rw") // SQLite would create the file with permissions of its own
		q.Set("_txlock", "immediate")
		q.Set("_journal_mode", "WAL")
		q.Set("_synchronous", "FULL")
		q.Add("_pragma", "fullfsync(1)") // macOS: fsync alone stops short of the disk
		q.Add("_pragma", "checkpoint_fullfsync(1)")
		q.Add("_pragma", "journal_size_limit(67108864)")
	}
	return fileURL(path, q)
}

// plainDSN names a database for writing, with every setting left as the file has it.
func plainDSN(path string) string {
	return fileURL(path, url.Values{"mode": {"rw"}, "_busy_timeout": {strconv.Itoa(busyMillis)}})
}

func fileURL(path string, q url.Values) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a drive letter
	}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: q.Encode()}
	return u.String()
}

// harden sets what the driver has only per process. Both switches are one-way here, and asking for
// them again changes nothing.
func harden() {
	sqlite.StrictPragmas(true)
	// On Linux, locks that closing another descriptor of the file can't strip. Elsewhere there are
	// none, and nothing here opens the file besides SQLite.
	_, _ = sqlite.OFDLocking(true)
}

// dial opens one connection to the file and reads back what was asked for: a setting that SQLite
// could not honour is otherwise passed over in silence.
func dial(ctx context.Context, path string, readOnly bool) (*sql.DB, error) {
	harden()
	db, err := sql.Open("sqlite", dsn(path, readOnly))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	db.SetConnMaxIdleTime(0)
	if err := readBack(ctx, db, readOnly); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// dialPatiently dials until the file is free: switching a new file to WAL meets other openers of the
// same file without waiting for them.
func dialPatiently(ctx context.Context, path string, readOnly bool) (*sql.DB, error) {
	until := time.Now().Add(busyMillis * time.Millisecond)
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		db, err := dial(ctx, path, readOnly)
		if err == nil || !isBusy(err) || time.Now().After(until) {
			return db, err
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func readBack(ctx context.Context, db *sql.DB, readOnly bool) error {
	var version string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return err
	}
	if !recent(version) {
		return fmt.Errorf("SQLite %s is built in; %d.%d.%d or newer is needed, since older ones can damage a database in use", version, oldest[0], oldest[1], oldest[2])
	}
	want := []struct{ pragma, value string }{{"busy_timeout", strconv.Itoa(busyMillis)}, {"query_only", "1"}}
	if !readOnly {
		want = []struct{ pragma, value string }{
			{"busy_timeout", strconv.Itoa(busyMillis)}, {"journal_mode", "wal"}, {"synchronous", "2"},
			{"fullfsync", "1"}, {"checkpoint_fullfsync", "1"}, {"query_only", "0"},
		}
	}
	for _, w := range want {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+w.pragma).Scan(&got); err != nil {
			return fmt.Errorf("read back %s: %w", w.pragma, err)
		}
		if got != w.value {
			return fmt.Errorf("%s is %s, not %s: outcomes would not be safe there (a network file system?): name another place with --db", w.pragma, got, w.value)
		}
	}
	return nil
}

// recent says whether an SQLite version is one without the known defects.
func recent(version string) bool {
	parts := strings.Split(version, ".")
	for i, least := range oldest {
		if i >= len(parts) {
			return false
		}
		n, err := strconv.Atoi(parts[i])
		if err != nil || n < least {
			return false
		}
		if n > least {
			return true
		}
	}
	return true
}

// sleep waits, or ends with ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
