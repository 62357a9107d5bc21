// Package storetest is the judge that any batch.Store must pass, and a store in memory that does.
//
// A store's own tests hand Test a function that enrols rows; the judge opens sittings at the run,
// commits to them, crashes them, and compares what is stored with what it was told.
package storetest

import (
	"context"
	"fmt"
	"testing"

	"zlock/batch"
)

// Bench is one run in the store under test.
type Bench interface {
	// Open begins a sitting and returns its store. There is one sitting at a time.
	Open(ctx context.Context) (batch.Store, error)
	// Close ends the sitting: cleanly, as a program that stops does, or as kill -9 would, with
	// nothing more written by the one that dies.
	Close(ctx context.Context, clean bool) error
	// Look returns what is stored, during a sitting or outside of one.
	Look(ctx context.Context) (Sight, error)
}

// Sight is a run as it is stored.
type Sight struct {
	Run     batch.Run                 // Counts, Total, Calls and Credits are looked at
	Rows    []batch.Row               // all of them, by Seq, each with its outcome as it is stored
	History map[int64][]batch.Attempt // by Seq, oldest first
}

// Enrol makes a run of rows, all of them Pending, Invalid or Duplicate, and returns its bench.
type Enrol func(ctx context.Context, rows []batch.Row) (Bench, error)

// Verdict is what one rule says of a store.
type Verdict struct {
	Rule string
	Err  error // nil where the rule is kept
}

// Judge tries a store by every rule, each on a run of its own.
func Judge(ctx context.Context, enrol Enrol) []Verdict {
	var all []Verdict
	for _, r := range rules() {
		all = append(all, Verdict{Rule: r.name, Err: try(ctx, r, enrol)})
	}
	return all
}

// Test fails t for every rule that a store breaks. enrol may be called several times, and may fail
// the test that it is given.
func Test(t *testing.T, enrol func(t *testing.T, rows []batch.Row) Bench) {
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			err := try(t.Context(), r, func(_ context.Context, rows []batch.Row) (Bench, error) {
				return enrol(t, rows), nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// rule is one thing that a store must do, tried on a run of its rows.
type rule struct {
	name string
	rows []batch.Row
	try  func(*trial)
}

func try(ctx context.Context, r rule, enrol Enrol) error {
	bench, err := enrol(ctx, r.rows)
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	t := &trial{ctx: ctx, bench: bench, rows: r.rows, now: began}
	t.open()
	r.try(t)
	t.close(true)
	t.addsUp()
	return t.err
}
