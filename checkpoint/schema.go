package checkpoint

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"zlock/internal/crash"
)

// applicationID marks a database as ours: "zlck".
const applicationID = 0x7a6c636b

//go:embed migrations/*.sql
var migrations embed.FS

// steps returns the migrations' texts in order; the n-th leads from schema n to schema n+1.
func steps() ([]string, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	texts := make([]string, len(names))
	for i, name := range names {
		b, err := migrations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		texts[i] = string(b)
	}
	return texts, nil
}

// mark is what a database says of itself.
type mark struct {
	application, schema, tables int
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func readMark(ctx context.Context, q querier) (mark, error) {
	var m mark
	err := q.QueryRowContext(ctx, "PRAGMA application_id").Scan(&m.application)
	if err == nil {
		err = q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&m.schema)
	}
	if err == nil {
		err = q.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&m.tables)
	}
	return m, err
}

// markAtOnce reads the mark in one transaction: while another process sets the file up, its parts
// read one by one would be from before and from after, and make the file look like a stranger's.
func markAtOnce(ctx context.Context, db *sql.DB) (mark, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return mark{}, err
	}
	defer tx.Rollback() // nothing was written
	return readMark(ctx, tx)
}

// blank says whether the database holds nothing at all: a new file, or one whose maker was killed
// before its first commit.
func (m mark) blank() bool { return m == mark{} }

// judge returns an error unless the database is ours and this program knows its schema.
func (m mark) judge(path string, known int) error {
	switch {
	case m.blank():
		return nil
	case m.application != applicationID:
		return &ForeignError{Path: path, What: fmt.Sprintf("an SQLite database of another program, application id %#x", m.application)}
	case m.schema > known:
		return &SchemaError{Path: path, Found: m.schema, Known: known}
	case m.schema == 0:
		return &DamagedError{Path: path, Detail: "it says it has no schema"}
	}
	return nil
}

// probe looks at a file without changing it: opening it for writing would switch a stranger's
// database to WAL.
func probe(ctx context.Context, path string) (mark, error) {
	texts, err := steps()
	if err != nil {
		return mark{}, err
	}
	m, err := markOf(ctx, path)
	if halfUndone(err) && undo(ctx, path) == nil {
		m, err = markOf(ctx, path)
	}
	if err != nil {
		return m, explain(path, err)
	}
	if m.blank() && stub(path) {
		return m, &ForeignError{Path: path, What: "too short for a database"}
	}
	return m, m.judge(path, len(texts))
}

func markOf(ctx context.Context, path string) (mark, error) {
	db, err := dialPatiently(ctx, path, true)
	if err != nil {
		return mark{}, err
	}
	defer db.Close()
	return markAtOnce(ctx, db)
}

// halfUndone says whether the error is that the file was being set up when the process died: what it
// was must be put back from a journal first, which a reader may not.
func halfUndone(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == lib.SQLITE_READONLY_ROLLBACK
}

// undo has SQLite put back what an unfinished change has left, and changes nothing else: the file
// may be a stranger's.
func undo(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", plainDSN(path))
	if err != nil {
		return err
	}
	defer db.Close()
	var n int
	return db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n)
}

// stub says whether a file holds something, though less than the smallest database: SQLite takes
// some of these for empty ones.
func stub(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0 && info.Size() < 512
}

// migrate brings the schema up to date, each step in a transaction of its own.
func migrate(ctx context.Context, path string, db *sql.DB) error {
	texts, err := steps()
	if err != nil {
		return err
	}
	for {
		done, err := migrateOnce(ctx, path, db, texts)
		if err != nil {
			return fmt.Errorf("migrate: %w", explain(path, err))
		}
		if done {
			return nil
		}
	}
}

// migrateOnce takes one step, unless none is left. It looks again inside the transaction: another
// process may have taken the step meanwhile.
func migrateOnce(ctx context.Context, path string, db *sql.DB, texts []string) (done bool, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback() // after Commit this does nothing
	m, err := readMark(ctx, tx)
	if err != nil {
		return false, err
	}
	if err := m.judge(path, len(texts)); err != nil {
		return false, err
	}
	if m.schema == len(texts) {
		return true, nil
	}
	script := texts[m.schema] + fmt.Sprintf("\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;\n", applicationID, m.schema+1)
	if _, err := tx.ExecContext(ctx, script); err != nil {
		return false, misfit(path, fmt.Errorf("step %d: %w", m.schema+1, err))
	}
	crash.At("in-migrate")
	return false, tx.Commit()
}

// misfit tells a file that does not hold what its schema demands from trouble with the file. The steps fit
// every file that this program has made: what they break on, somebody or something else has put there.
func misfit(path string, err error) error {
	switch resultCode(err) {
	case lib.SQLITE_CONSTRAINT, lib.SQLITE_ERROR:
		return &DamagedError{Path: path, Detail: err.Error()}
	}
	return err
}

func isBusy(err error) bool {
	code := resultCode(err)
	return code == lib.SQLITE_BUSY || code == lib.SQLITE_LOCKED
}
