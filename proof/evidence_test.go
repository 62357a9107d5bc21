package proof_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/proof"
	"zlock/zoho/sim"
)

// printed is a line of zlock results.
type printed struct {
	Line     int           `json:"zlock_line"`
	Outcome  batch.Outcome `json:"zlock_outcome"`
	Code     string        `json:"zlock_code"`
	LockID   string        `json:"zlock_lock_id"`
	Attempts int           `json:"zlock_attempts"`
	Credits  int           `json:"zlock_credits"`
}

// snapshot asks the program what became of the rows, and keeps what it says. enrolled is false where
// there is no run yet.
func (r *rig) snapshot(killed bool) (enrolled bool) {
	r.t.Helper()
	if killed {
		r.quiet()
	}
	code, c := r.run("results", "--format", "jsonl")
	if code == 2 {
		for _, e := range r.org.Log() {
			if e.Op != sim.OpToken {
				r.t.Errorf("%s: there is no run, and the far end was called: %+v", c.name, e)
			}
		}
		return false
	}
	if code != 0 {
		r.t.Fatalf("%s: ended with %d\n%s", c.name, code, c.err.String())
	}
	shot := proof.Snapshot{Name: c.name, Killed: killed, Rows: toldIn(r.t, c.out.Bytes())}
	shot.Events = r.org.Stats().Events
	r.shots = append(r.shots, shot)
	return true
}

func toldIn(t testing.TB, jsonl []byte) []proof.Told {
	t.Helper()
	var rows []proof.Told
	for line := range bytes.Lines(jsonl) {
		var p printed
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatalf("results: %v: %s", err, line)
		}
		rows = append(rows, proof.Told(p))
	}
	return rows
}

// history is all that is known of the run, the checkpoint read by itself.
func (r *rig) history() proof.History {
	r.t.Helper()
	ctx := r.t.Context()
	db, err := checkpoint.OpenReadOnly(ctx, r.db())
	if err != nil {
		r.t.Fatal(err)
	}
	defer db.Close()
	run, err := db.Find(ctx, checkpoint.Latest)
	if err != nil {
		r.t.Fatal(err)
	}
	h := proof.History{
		Events: r.org.Log(), Me: "5843104000000420001", Initial: r.initial, Run: run, Attempts: map[int64][]batch.Attempt{},
		Snapshots: r.shots, Exits: r.exits, Artefacts: r.artefacts(),
		Secrets: []string{rigSecret, rigRefresh},
		Options: proof.Options{
			Cap: rigAtOnce, Sends: rigAttempts, Sittings: r.sittings, Crashed: r.crashes > 0, Retried: r.retried, AnyOwner: true, Settle: rigSettle,
			Slack: 6 * rigSettle / 10, // busy machines
		},
	}
	spent, err := db.Spent(ctx, run.Org, time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, s := range spent {
		h.Ledger += int64(s.Credits)
	}
	for row, err := range db.Rows(ctx, run.ID, nil) {
		if err != nil {
			r.t.Fatal(err)
		}
		h.Rows = append(h.Rows, row)
		if row.Attempts == 0 {
			continue
		}
		if h.Attempts[row.Seq], err = db.Attempts(ctx, run.ID, row.Seq); err != nil {
			r.t.Fatal(err)
		}
	}
	return h
}

// artefacts are what the program said and left behind.
func (r *rig) artefacts() map[string][]byte {
	r.t.Helper()
	kept := map[string][]byte{}
	for name, said := range r.said {
		kept[name] = said
	}
	err := filepath.WalkDir(r.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		kept[path] = content
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return kept
}

// judge fails the test for every promise that was broken, and for every row whose end is not the one
// that the job was made for.
func (r *rig) judge() proof.History {
	r.t.Helper()
	h := r.history()
	for i, v := range proof.Check(h) {
		if i == 10 {
			r.t.Errorf("and more")
			break
		}
		r.t.Error(v)
	}
	r.job.judge(r.t, h.Rows)
	if verdict := quickCheck(r.t, r.db()); verdict != "ok" {
		r.t.Errorf("quick_check: %s", verdict)
	}
	return h
}

// quickCheck lets SQLite look for damage, by itself.
func quickCheck(t testing.TB, path string) (verdict string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), "PRAGMA quick_check").Scan(&verdict); err != nil {
		t.Fatal(err)
	}
	return verdict
}
