package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"zlock/batch"
	"zlock/zoho"
	"zlock/zoho/sim"
)

// simulatedHost is never dialled: calls end inside this process.
const simulatedHost = "http://127.0.0.1"

// simulatedOrg is the pretend org of one run. It is like no other, so that rehearsals never
// stand in each other's way, nor in that of a real org.
func simulatedOrg(runID string, v values) org {
	read := parser{values: v}
	name := read.choice("edition", "free", "standard", "professional", "enterprise", "ultimate")
	if read.err != nil {
		name = ""
	}
	return org{api: simulatedHost, accounts: simulatedHost, edition: editionNamed(name), simulated: true, key: "sim-" + runID}
}

// pretendOf is the run whose pretend org a simulated run works in: its own, but for an undo.
func pretendOf(run batch.Run) string { return orElse(run.Settings[keySimOf], run.ID) }

// connectSimulated makes a pretend Zoho that holds exactly the run's records, and remembers in a
// journal beside the checkpoint what was done to them.
func (s *sitting) connectSimulated(ctx context.Context) error {
	dir := filepath.Join(filepath.Dir(s.place.db), "sim")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	var unread error
	pretend, err := sim.New(sim.Config{
		Seed: seedOf(pretendOf(s.run)), ByID: true, Journal: filepath.Join(dir, pretendOf(s.run)+".journal"),
		Records:     s.simulatedRecords(ctx, &unread),
		Latency:     s.latency(),
		Concurrency: int(s.org.edition.concurrency),
	})
	if err = errors.Join(err, unread); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	s.close = func() { _ = pretend.Close() }
	tokens, err := zoho.NewTokens(zoho.TokenConfig{
		Accounts: simulatedHost, ClientID: "simulated", ClientSecret: zoho.NewSecret("simulated"),
		RefreshToken: zoho.NewSecret("simulated"), Limiter: s.limiter, Transport: pretend.Transport(), Log: s.log,
	})
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	s.client, err = zoho.New(zoho.Config{
		API: simulatedHost, Tokens: tokens, Limiter: s.limiter, Transport: pretend.Transport(), Log: s.log,
	})
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	return nil
}

// latency is how long the pretend Zoho takes for a call.
func (s *sitting) latency() func() time.Duration {
	if s.instant {
		return nil
	}
	return sim.Between(60*time.Millisecond, 180*time.Millisecond, s.seed())
}

// simulatedRecords are the records of the run's rows. One that is first to be unlocked, or to
// get another reason, is locked at the start.
func (s *sitting) simulatedRecords(ctx context.Context, unread *error) iter.Seq[sim.Record] {
	return func(yield func(sim.Record) bool) {
		type record struct{ module, id string }
		seen := map[record]struct{}{}
		for row, err := range s.db.Rows(ctx, pretendOf(s.run), nil) {
			if err != nil {
				*unread = err
				return
			}
			key := record{row.Module, row.RecordID}
			if _, again := seen[key]; again || row.Outcome == batch.Invalid || row.RecordID == "" {
				continue
			}
			seen[key] = struct{}{}
			r := sim.Record{Module: row.Module, ID: row.RecordID}
			if row.Action != batch.ActionLock {
				r.Lock = &sim.Lock{ID: row.Row.LockID, Reason: "Locked before this rehearsal", Source: sim.Manual}
			}
			if !yield(r) {
				return
			}
		}
	}
}
