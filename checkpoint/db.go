// Package checkpoint remembers what became of every row, through any crash, in one SQLite file.
//
// A run is enrolled once: all its rows are stored as pending. Begin takes it over for one sitting,
// and the Session that it returns is the batch.Store that a runner works with: each Commit is one
// durable transaction that holds outcomes, intents, credits and the rows dealt next. Whatever was in
// flight when a process died is found as unknown by the next one. Reading works beside a run.
//
// Nothing here is safe from a second process that works on the same run: Own keeps those apart.
package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"zlock/batch"
)

// DB is one checkpoint file. It is safe for concurrent use.
type DB struct {
	path     string
	db       *sql.DB
	readOnly bool
	alive    func(batch.Run) bool
}

// Open opens the checkpoint for reading and writing. A missing file is created, readable by its
// owner alone, its directory too; an empty one is set up; an older schema is brought up to date; what
// a crash left half enrolled is swept away. Errors: *ForeignError, *SchemaError, *DamagedError.
func Open(ctx context.Context, path string) (*DB, error) {
	path, err := absolute(path)
	if err != nil {
		return nil, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	if _, err := probe(ctx, path); err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", err)
	}
	db, err := dialPatiently(ctx, path, false)
	if err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", explain(path, err))
	}
	d := &DB{path: path, db: db}
	err = migrate(ctx, path, db)
	if err == nil {
		err = d.sweep(ctx)
	}
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open checkpoint: %w", err)
	}
	return d, nil
}

// OpenReadOnly opens the checkpoint for reading beside whoever works on it; everything that writes is
// refused. A file that is missing, or that was never set up, gives an error that wraps fs.ErrNotExist.
func OpenReadOnly(ctx context.Context, path string) (*DB, error) {
	path, err := absolute(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", err)
	}
	m, err := probe(ctx, path)
	if err == nil {
		err = readable(path, m)
	}
	if err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", err)
	}
	db, err := dialPatiently(ctx, path, true)
	if err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", explain(path, err))
	}
	return &DB{path: path, db: db, readOnly: true}, nil
}

// readable returns an error unless the schema is just the one that this program reads.
func readable(path string, m mark) error {
	texts, err := steps()
	switch {
	case err != nil:
		return err
	case m.blank():
		return fmt.Errorf("%s holds no run yet: %w", path, fs.ErrNotExist)
	case m.schema < len(texts):
		return &SchemaError{Path: path, Found: m.schema, Known: len(texts)}
	}
	return nil
}

// Close lets the file go. Sessions have connections of their own and end by themselves.
func (d *DB) Close() error {
	if err := d.db.Close(); err != nil {
		return fmt.Errorf("close checkpoint: %w", explain(d.path, err))
	}
	return nil
}

// Path returns the absolute path of the file.
func (d *DB) Path() string { return d.path }

// JudgeOwners tells the DB how to find out whether the process that works on a run still lives: only
// who started it knows where its lock is. From then on a run that says it is running, though alive
// denies it, is shown as interrupted, killed, its rows in flight as unknown. To be called before the
// DB is shared.
func (d *DB) JudgeOwners(alive func(batch.Run) bool) { d.alive = alive }

// writeLimit bounds one writing transaction outside of sessions.
const writeLimit = 10 * time.Second

// write runs one transaction. Once begun it does not end with ctx: rolled back half way by a
// signal, it would lose what it was told.
func (d *DB) write(ctx context.Context, limit time.Duration, do func(context.Context, *sql.Tx) error) error {
	if d.readOnly {
		return errors.New("the checkpoint was opened for reading")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return explain(d.path, err)
	}
	defer tx.Rollback() // after Commit this does nothing
	if err := do(ctx, tx); err != nil {
		return explain(d.path, err)
	}
	return explain(d.path, tx.Commit())
}
