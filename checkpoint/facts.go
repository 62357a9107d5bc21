package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Remember keeps a small fact about an org, such as who is signed in there. It replaces what was kept
// under the key; "" forgets it. Nothing secret belongs here.
func (d *DB) Remember(ctx context.Context, org, key, value string) error {
	err := d.write(ctx, writeLimit, func(ctx context.Context, tx *sql.Tx) error {
		if value == "" {
			_, err := tx.ExecContext(ctx, "DELETE FROM facts WHERE org = ? AND key = ?", org, key)
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO facts (org, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
			org, key, value)
		return err
	})
	if err != nil {
		return fmt.Errorf("remember %s: %w", key, err)
	}
	return nil
}

// Recall returns what Remember kept, "" where it kept nothing.
func (d *DB) Recall(ctx context.Context, org, key string) (string, error) {
	var value string
	err := d.db.QueryRowContext(ctx, "SELECT value FROM facts WHERE org = ? AND key = ?", org, key).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("recall %s: %w", key, explain(d.path, err))
	}
	return value, nil
}

// RecallAll returns what Remember kept of an org under every key that begins with prefix, by the rest
// of the key.
func (d *DB) RecallAll(ctx context.Context, org, prefix string) (map[string]string, error) {
	type fact struct{ key, value string }
	found, err := collect(ctx, d.db, func(r *sql.Rows) (f fact, err error) {
		return f, r.Scan(&f.key, &f.value)
	}, "SELECT substr(key, length(?2) + 1), value FROM facts WHERE org = ?1 AND substr(key, 1, length(?2)) = ?2", org, prefix)
	if err != nil {
		return nil, fmt.Errorf("recall %s: %w", prefix, explain(d.path, err))
	}
	facts := make(map[string]string, len(found))
	for _, f := range found {
		facts[f.key] = f.value
	}
	return facts, nil
}
