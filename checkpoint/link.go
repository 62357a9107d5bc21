package checkpoint

import (
	"context"
	"database/sql"
)

// link is one connection that writes, with its statements prepared. It is for one goroutine.
type link struct {
	path  string
	db    *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func newLink(ctx context.Context, path string) (*link, error) {
	db, err := dialPatiently(ctx, path, false)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return &link{path: path, db: db, conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

// close ends the connection, and with it a transaction still open.
func (l *link) close() error {
	for _, s := range l.stmts {
		_ = s.Close()
	}
	_ = l.conn.Close()
	return l.db.Close()
}

func (l *link) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := l.stmts[query]; ok {
		return s, nil
	}
	s, err := l.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	l.stmts[query] = s
	return s, nil
}

// exec runs a statement and returns how many rows it touched.
func (l *link) exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := l.stmt(ctx, query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// QueryContext runs a prepared query.
func (l *link) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := l.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// get runs a query for one row.
func (l *link) get(ctx context.Context, query string, args []any, into ...any) error {
	s, err := l.stmt(ctx, query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(ctx, args...).Scan(into...)
}

// transact runs do in one durable transaction. After an error from COMMIT itself the transaction may
// have happened all the same.
func (l *link) transact(ctx context.Context, do func(context.Context) error) error {
	if _, err := l.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := do(ctx)
	if err == nil {
		_, err = l.exec(ctx, "COMMIT")
	}
	if err != nil {
		_, _ = l.exec(ctx, "ROLLBACK") // there may be none left to roll back
	}
	return err
}
