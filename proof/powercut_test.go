package proof_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
	"zlock/zoho/sim"
)

const powerCutChild = "ZLOCK_POWERCUT_CHILD"

// TestPowerCut records every system call by which a run changes its files, cuts the power at many
// instants between them, and opens what each cut may have left. Whatever was said before the cut
// must be there: an outcome that was told, and the intent of every change that had reached Zoho.
func TestPowerCut(t *testing.T) {
	if os.Getenv(powerCutChild) != "" {
		t.Skip("this is the child")
	}
	deeds := record(t)
	cuts := tier(t).of(40, 300, 6700)
	random := rand.New(rand.NewPCG(20260930, 1))
	states, empty := 0, 0
	for c := range cuts {
		at := 1 + (c*len(deeds)+random.IntN(len(deeds)))/cuts
		d, words := disk{}, words{outcomes: map[int64]string{}, sent: map[int64]bool{}}
		for _, do := range deeds[:min(at, len(deeds))] {
			d.apply(do)
			words.hear(t, do)
		}
		for _, mode := range []string{"dropped", "subset", "torn"} {
			states++
			dir := t.TempDir()
			if err := d.survive(dir, keeper(mode, random)); err != nil {
				t.Fatal(err)
			}
			if !words.borneOut(t, dir, fmt.Sprintf("cut after call %d, unsynced writes %s", at, mode)) {
				empty++
			}
		}
	}
	if empty == states {
		t.Error("no state held a run: the explorer shows nothing")
	}
	if t.Failed() {
		return
	}
	figure(t, "power cut", "%d states explored of %d recorded calls, none lost or damaged (%d before the run was enrolled)", states, len(deeds), empty)
}

// keeper decides what of a pending deed a power cut lets through.
func keeper(mode string, random *rand.Rand) func(deed) []deed {
	const sector = 512
	return func(do deed) []deed {
		switch {
		case mode == "dropped":
			return nil
		case mode == "subset" || do.what != wrote:
			if random.IntN(2) == 0 {
				return nil
			}
			return []deed{do}
		}
		var parts []deed
		for from := 0; from < len(do.data); from += sector {
			if random.IntN(2) == 0 {
				end := min(from+sector, len(do.data))
				parts = append(parts, deed{what: wrote, file: do.file, at: do.at + int64(from), data: do.data[from:end]})
			}
		}
		return parts
	}
}

// words is what was said before a cut.
type words struct {
	rows     int
	outcomes map[int64]string
	sent     map[int64]bool
}

func (w *words) hear(t *testing.T, do deed) {
	t.Helper()
	if do.what != said {
		return
	}
	f := strings.Fields(do.line)
	if len(f) < 2 {
		return
	}
	n, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return // a line of the test runner's
	}
	switch f[0] {
	case "enrolled":
		w.rows = int(n)
	case "outcome":
		w.outcomes[n] = f[2]
	case "sent":
		w.sent[n] = true
	}
}

// borneOut opens what a cut has left and fails unless it holds what was said. It reports whether a
// run was there.
func (w *words) borneOut(t *testing.T, dir, when string) bool {
	t.Helper()
	path := filepath.Join(dir, "zlock.db")
	if _, err := os.Stat(path); err != nil {
		if w.rows > 0 {
			t.Errorf("%s: the checkpoint is gone", when)
		}
		return false
	}
	db, err := checkpoint.Open(t.Context(), path)
	if err != nil {
		t.Errorf("%s: %v", when, err)
		return false
	}
	defer db.Close()
	wholeFile(t, path, when)
	states := map[int64]batch.Outcome{}
	for row, err := range db.Rows(t.Context(), runOfStand, nil) {
		if err != nil {
			if w.rows > 0 {
				t.Errorf("%s: %v", when, err)
			}
			return false
		}
		states[row.Seq] = row.Outcome
	}
	if w.rows > 0 && len(states) != w.rows {
		t.Errorf("%s: %d rows of %d are there", when, len(states), w.rows)
	}
	for seq, o := range w.outcomes {
		if string(states[seq]) != o {
			t.Errorf("%s: row %d was told to be %s and is %s", when, seq, o, states[seq])
		}
	}
	for seq := range w.sent {
		if states[seq] == batch.Pending {
			t.Errorf("%s: the change of row %d had reached Zoho, and nothing says so", when, seq)
		}
	}
	return len(states) > 0
}

func wholeFile(t *testing.T, path, when string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("%s: integrity check says %q, %v", when, verdict, err)
	}
}

// record runs the engine in a child under strace and returns what it did.
func record(t *testing.T) []deed {
	t.Helper()
	strace := needStrace(t, "the power-cut explorer")
	dir, log := t.TempDir(), filepath.Join(t.TempDir(), "trace")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, strace, "-f", "-xx", "-s", "4194304", "-o", log,
		"-e", "trace=open,openat,close,write,pwrite64,ftruncate,fsync,fdatasync,unlink,unlinkat",
		os.Args[0], "-test.run=^TestPowerCutChild$", "-test.count=1")
	child.Env = append(os.Environ(), powerCutChild+"="+dir)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("the child under strace: %v\n%s", err, out)
	}
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	deeds, err := readTrace(f, dir)
	if err != nil {
		t.Fatal(err)
	}
	syncs := 0
	for _, do := range deeds {
		if do.what == synced {
			syncs++
		}
	}
	if syncs < 5 {
		t.Fatalf("%d syncs recorded: the trace shows nothing", syncs)
	}
	return deeds
}

// TestPowerCutChild is the run that TestPowerCut records: the whole engine against a pretend Zoho in
// the same process, which says each thing on standard output as it becomes true.
func TestPowerCutChild(t *testing.T) {
	dir := os.Getenv(powerCutChild)
	if dir == "" {
		t.Skip("only as a child of TestPowerCut")
	}
	rows := plainRows(120)
	org, err := sim.New(sim.Config{Records: holding(rows), Latency: sim.Between(time.Millisecond, 4*time.Millisecond, 1),
		Script: []sim.Fault{{Match: sim.Match{Op: sim.AnyWrite, Prob: 0.05}, Do: sim.DropAfter}}})
	if err != nil {
		t.Fatal(err)
	}
	defer org.Close()
	db, err := checkpoint.Open(t.Context(), filepath.Join(dir, "zlock.db"))
	if err != nil {
		t.Fatal(err)
	}
	run := batch.Run{ID: runOfStand, Org: "org", Format: "csv", CreatedAt: time.Now()}
	e, err := db.Enrol(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := e.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Finish(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	say("enrolled", int64(len(rows)), "")
	session, err := db.Begin(t.Context(), run.ID, "pid 1 on test")
	if err != nil {
		t.Fatal(err)
	}
	client, limiter := hearing(t, org, rows)
	report, err := batch.NewRunner(session, client, limiter, batch.Options{
		RunID: run.ID, Workers: 8, Settle: 300 * time.Millisecond, AnyOwner: true,
		Observe: func(p batch.Progress) {
			for _, r := range p.Results {
				if r.Outcome.Final() {
					say("outcome", r.Seq, string(r.Outcome))
				}
			}
		},
	}).Run(t.Context(), t.Context())
	if err != nil || report.StoppedBy != "" {
		t.Fatalf("stopped by %q: %v", report.StoppedBy, err)
	}
	if _, err := session.End(t.Context(), batch.Completed, ""); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func say(word string, n int64, more string) {
	fmt.Fprintf(os.Stdout, "%s %d %s\n", word, n, more)
}

// plainRows are locks and unlocks by turns.
func plainRows(n int) []batch.Row {
	rows := make([]batch.Row, n)
	for i := range rows {
		rows[i] = batch.Row{Seq: int64(i + 1), Line: i + 2, Module: "Deals", RecordID: fmt.Sprintf("58431040000%08d", 10001+3*i),
			Action: batch.ActionLock, Reason: "quarter end", Outcome: batch.Pending, Cells: []string{"a", "b"}}
		if i%3 == 2 {
			rows[i].Action, rows[i].Reason = batch.ActionUnlock, ""
		}
	}
	return rows
}

// holding is an org with the rows' records, locked where they are to be unlocked.
func holding(rows []batch.Row) func(func(sim.Record) bool) {
	return func(yield func(sim.Record) bool) {
		for _, r := range rows {
			rec := sim.Record{Module: r.Module, ID: r.RecordID}
			if r.Action == batch.ActionUnlock {
				rec.Lock = &sim.Lock{Reason: "before"}
			}
			if !yield(rec) {
				return
			}
		}
	}
}

// hearing is a client whose every change is said when it reaches the org.
func hearing(t *testing.T, org *sim.Org, rows []batch.Row) (*zoho.Client, *zoho.Limiter) {
	t.Helper()
	byID := map[string]int64{}
	for _, r := range rows {
		byID[r.RecordID] = r.Seq
	}
	wire := &overheard{inner: org.Transport(), byID: byID}
	limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 8})
	tokens, err := zoho.NewTokens(zoho.TokenConfig{Accounts: "http://127.0.0.1", ClientID: "1000.A",
		ClientSecret: zoho.NewSecret("s"), RefreshToken: zoho.NewSecret("r"), Limiter: limiter, Transport: org.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	client, err := zoho.New(zoho.Config{API: "http://127.0.0.1", Tokens: tokens, Limiter: limiter, Transport: wire})
	if err != nil {
		t.Fatal(err)
	}
	return client, limiter
}

// overheard says each change on its way.
type overheard struct {
	inner http.RoundTripper
	byID  map[string]int64
}

// RoundTrip says the row of a change, then lets it go.
func (o *overheard) RoundTrip(r *http.Request) (*http.Response, error) {
	if parts := strings.Split(r.URL.Path, "/"); r.Method != http.MethodGet && len(parts) > 4 {
		say("sent", o.byID[parts[4]], "")
	}
	return o.inner.RoundTrip(r)
}
