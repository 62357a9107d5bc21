package checkpoint

import (
	"context"
	"os"
	"testing"
	"time"

	"zlock/batch"
)

// Recent is recent.
func Recent(version string) bool { return recent(version) }

// Ask holds the lock at path as one does who only asks whether it is held, until it is let go.
func Ask(ctx context.Context, path string) (letGo func(), err error) { return shareLock(ctx, path) }

// StillNamed says whether an open file is the one that path names.
func StillNamed(f *os.File, path string) (bool, error) { return stillNamed(f, path) }

// Setting reads a pragma of the connection that writes.
func (d *DB) Setting(t testing.TB, pragma string) (value string) {
	t.Helper()
	if err := d.db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// Impatient makes a passing fault final at once, and waits for no other's lock.
func (s *Session) Impatient() {
	s.patience = 0
	s.Hasty()
}

// Hasty makes the present connection wait for no other's lock; one that replaces it does.
func (s *Session) Hasty() {
	if _, err := s.link.conn.ExecContext(context.Background(), "PRAGMA busy_timeout = 0"); err != nil {
		panic(err)
	}
}

// EndTransaction commits c with end ("COMMIT" or "ROLLBACK") before its time, so that the commit that
// follows ends in an error: one that hides a success, or that tells of a failure.
func (s *Session) EndTransaction(ctx context.Context, c batch.Changes, end string) (tries int, err error) {
	c.Now = time.Now()
	return tries, s.persist(ctx, func(ctx context.Context) error {
		tries++
		if err := newWriting(s, c).all(ctx); err != nil {
			return err
		}
		_, err := s.link.exec(ctx, end)
		return err
	})
}

// Held is how many pending rows a session keeps in mind as not to be dealt.
func Held(s *Session) int { return len(s.held) }
