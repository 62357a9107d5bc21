package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"time"

	"zlock/batch"
)

// Latest names the newest run to Find.
const Latest = "latest"

const runColumns = `n, id, org, profile, job_file, sha256, size, identity, format, header, settings, simulated,
	forecast, created_at, state, stopped_by, total, calls, credits, started_at, updated_at, ended_at, worked, owner, reserved, workers`

// known is a run with its number in the checkpoint.
type known struct {
	n        int64
	reserved int64 // credits that rows in hand may be spending
	workers  int64 // rows worked at once; 0 when not known
	batch.Run
}

type scanner interface{ Scan(...any) error }

func scanRun(s scanner) (known, error) {
	var (
		k                           known
		header, settings            string
		created, started, upd, endd sql.NullInt64
	)
	err := s.Scan(&k.n, &k.ID, &k.Org, &k.Profile, &k.JobFile, &k.SHA256, &k.Size, &k.Identity, &k.Format, &header, &settings,
		&k.Simulated, &k.Forecast, &created, &k.State, &k.StoppedBy, &k.Total, &k.Calls, &k.Credits, &started, &upd, &endd,
		&k.Worked, &k.Owner, &k.reserved, &k.workers)
	if err != nil {
		return k, err
	}
	k.CreatedAt, k.StartedAt, k.UpdatedAt, k.EndedAt = moment(created), moment(started), moment(upd), moment(endd)
	return k, errors.Join(decode(header, &k.Header), decode(settings, &k.Settings))
}

// Runs returns all runs, newest first. One that was only half enrolled is not shown.
func (d *DB) Runs(ctx context.Context) ([]batch.Run, error) {
	found, err := d.list(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	runs := make([]batch.Run, len(found))
	for i, k := range found {
		runs[i] = k.Run
	}
	return runs, nil
}

// Find returns the run that ref names: a full id, the beginning of just one, or "latest" (also "").
// Errors: *NoRunError, *AmbiguousError.
func (d *DB) Find(ctx context.Context, ref string) (batch.Run, error) {
	k, err := d.find(ctx, ref)
	return k.Run, err
}

func (d *DB) find(ctx context.Context, ref string) (known, error) {
	found, err := d.match(ctx, ref)
	switch {
	case err != nil:
		return known{}, fmt.Errorf("find run: %w", err)
	case len(found) == 0:
		return known{}, &NoRunError{Ref: ref}
	case len(found) == 1 || found[0].ID == ref:
		return found[0], nil
	}
	ids := make([]string, len(found))
	for i, k := range found {
		ids[i] = k.ID
	}
	return known{}, &AmbiguousError{Ref: ref, Matches: ids}
}

func (d *DB) match(ctx context.Context, ref string) ([]known, error) {
	if ref == "" || ref == Latest {
		return d.list(ctx, "LIMIT 1")
	}
	exact, err := d.list(ctx, "AND id = ?", ref)
	if err != nil || len(exact) > 0 {
		return exact, err
	}
	return d.list(ctx, "AND substr(id, 1, length(?1)) = ?1", ref)
}

// FindIdentity returns the newest run of that identity, if there is one.
func (d *DB) FindIdentity(ctx context.Context, identity string) (batch.Run, bool, error) {
	return d.newest(ctx, "AND identity = ?", identity)
}

// FindJob returns the newest run of the same org and content, whatever its options, if there is one.
// sha256 is of the job file's bytes, hex.
func (d *DB) FindJob(ctx context.Context, org, sha256 string) (batch.Run, bool, error) {
	return d.newest(ctx, "AND org = ? AND sha256 = ?", org, sha256)
}

func (d *DB) newest(ctx context.Context, where string, args ...any) (batch.Run, bool, error) {
	found, err := d.list(ctx, where, args...)
	if err != nil {
		return batch.Run{}, false, fmt.Errorf("find run: %w", err)
	}
	if len(found) == 0 {
		return batch.Run{}, false, nil
	}
	return found[0].Run, true, nil
}

// list returns the runs that are fully enrolled and meet where, a constant of this file, newest
// first, as they are to be shown.
func (d *DB) list(ctx context.Context, where string, args ...any) ([]known, error) {
	limit := ""
	if where == "LIMIT 1" {
		where, limit = "", where
	}
	query := "SELECT " + runColumns + " FROM runs WHERE hidden = 0 " + where + " ORDER BY created_at DESC, n DESC " + limit
	found, err := collect(ctx, d.db, func(r *sql.Rows) (known, error) { return scanRun(r) }, query, args...)
	if err != nil {
		return nil, explain(d.path, err)
	}
	for i := range found {
		if found[i].Counts, err = d.tallies(ctx, found[i].n); err != nil {
			return nil, explain(d.path, err)
		}
		d.present(&found[i])
	}
	return found, nil
}

// exactly returns the run of that full id, as it is stored.
func exactly(ctx context.Context, q querier, id string) (known, error) {
	k, err := scanRun(q.QueryRowContext(ctx, "SELECT "+runColumns+" FROM runs WHERE hidden = 0 AND id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return k, &NoRunError{Ref: id}
	}
	return k, err
}

type rowsQuerier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (d *DB) tallies(ctx context.Context, n int64) (map[batch.Outcome]int64, error) {
	return talliesOf(ctx, d.db, n)
}

func talliesOf(ctx context.Context, q rowsQuerier, n int64) (map[batch.Outcome]int64, error) {
	type tally struct {
		state batch.Outcome
		n     int64
	}
	all, err := collect(ctx, q, func(r *sql.Rows) (t tally, err error) {
		return t, r.Scan(&t.state, &t.n)
	}, "SELECT state, n FROM tallies WHERE run = ? AND n > 0", n)
	counts := make(map[batch.Outcome]int64, len(all))
	for _, t := range all {
		counts[t.state] = t.n
	}
	return counts, err
}

// present turns what is stored into what is so. A dead owner can't say itself that it died. Of the
// rows dealt to a live one only as many are in flight as it works at once; the others wait their turn,
// though their intents are written.
func (d *DB) present(k *known) {
	r := &k.Run
	if r.State != batch.Running || d.alive == nil {
		return
	}
	if d.alive(*r) {
		if ahead := r.Counts[batch.Sending] - k.workers; k.workers > 0 && ahead > 0 {
			r.Counts = maps.Clone(r.Counts)
			r.Counts[batch.Sending] -= ahead
			r.Counts[batch.Pending] += ahead
		}
		return
	}
	r.Credits += k.reserved // what a dead owner had in flight counts as spent
	r.Calls += k.reserved
	r.State, r.StoppedBy, r.Owner = batch.Interrupted, batch.StopKilled, ""
	r.EndedAt = r.UpdatedAt
	if n := r.Counts[batch.Sending]; n > 0 {
		r.Counts = maps.Clone(r.Counts)
		r.Counts[batch.Unknown] += n
		delete(r.Counts, batch.Sending)
	}
}

// SetSettings replaces the settings that the run's next sittings inherit.
func (d *DB) SetSettings(ctx context.Context, runID string, settings map[string]string) error {
	column, err := encode(orEmpty(settings))
	if err != nil {
		return fmt.Errorf("keep settings: %w", err)
	}
	err = d.write(ctx, writeLimit, func(ctx context.Context, tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "UPDATE runs SET settings = ?, updated_at = ? WHERE hidden = 0 AND id = ?",
			column, time.Now().UnixNano(), runID)
		return one(r, err, &NoRunError{Ref: runID})
	})
	if err != nil {
		return fmt.Errorf("keep settings: %w", err)
	}
	return nil
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// one returns none as an error unless the statement touched a row.
func one(r sql.Result, err, none error) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return none
	}
	return nil
}

// collect runs a query to its end and returns what scan makes of its rows: no cursor stays open,
// which would keep the write-ahead log from being cut.
func collect[T any](ctx context.Context, q rowsQuerier, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		t, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, rows.Err()
}
