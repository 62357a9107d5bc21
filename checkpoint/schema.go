package checkpoint

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"

	lib "modernc.org/sqlite/lib"
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
	db, err := dialPatiently(ctx, path, true)
	if err != nil {
		return mark{}, explain(path, err)
	}
	defer db.Close()
	m, err := readMark(ctx, db)
	if err != nil {
		return m, explain(path, err)
	}
	return m, m.judge(path, len(texts))
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
		return false, fmt.Errorf("step %d: %w", m.schema+1, err)
	}
	return false, tx.Commit()
}

func isBusy(err error) bool {
	code := resultCode(err)
	return code == lib.SQLITE_BUSY || code == lib.SQLITE_LOCKED
}
