package batch_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"zlock/batch"
	"zlock/zoho"
	"zlock/zoho/sim"
)

// standing says how a row's record stands before the run.
type standing int

const (
	bare standing = iota
	ours          // locked by the one who calls
	theirs
	byRule
	missing
	converted
)

// orgOf is an organisation whose records stand as said, by the rows' order; the first row of a record counts.
func orgOf(rows []batch.Row, how func(i int) standing) func(func(sim.Record) bool) {
	return func(yield func(sim.Record) bool) {
		seen := map[string]bool{}
		for i, r := range rows {
			if key := r.Module + r.RecordID; seen[key] {
				continue
			} else {
				seen[key] = true
			}
			rec := sim.Record{Module: r.Module, ID: r.RecordID}
			switch how(i) {
			case ours:
				rec.Lock = &sim.Lock{Reason: "before"}
			case theirs:
				rec.Lock = &sim.Lock{Reason: "theirs", By: sim.Patricia()}
			case byRule:
				rec.Lock = &sim.Lock{Source: sim.Automatic}
			case missing:
				continue
			case converted:
				rec.Converted = true
			}
			if !yield(rec) {
				return
			}
		}
	}
}

func unlocksOf(n int, module string) []batch.Row {
	rows := locksOf(n, module)
	for i := range rows {
		rows[i].Action, rows[i].Reason = batch.ActionUnlock, ""
	}
	return rows
}

// What a row costs, as the organisation counts it.
func TestCreditsPerRow(t *testing.T) {
	every := func(s standing) func(int) standing { return func(int) standing { return s } }
	tests := []struct {
		name string
		rows []batch.Row
		how  func(int) standing
		mode batch.Precheck
		cfg  sim.Config
		most float64
		want batch.Outcome
	}{
		{"locks, no help", locksOf(300, "Deals"), every(bare), batch.PrecheckNever, sim.Config{}, 1, batch.Locked},
		{"unlocks, no help", unlocksOf(300, "Deals"), every(ours), batch.PrecheckNever, sim.Config{}, 2, batch.Unlocked},
		{"locks, nothing to sort out", locksOf(500, "Deals"), every(bare), batch.PrecheckAuto, sim.Config{}, 1.004, batch.Locked},
		{"unlocks, nothing to sort out", unlocksOf(400, "Deals"), every(ours), batch.PrecheckAuto, sim.Config{}, 2.006, batch.Unlocked},
		{"locked already", locksOf(500, "Deals"), every(ours), batch.PrecheckAuto, sim.Config{}, 0.02, batch.AlreadyLocked},
		{"locked already, by others", locksOf(500, "Deals"), every(theirs), batch.PrecheckAlways, sim.Config{}, 0.02, batch.AlreadyLocked},
		{"locked already, by a rule", locksOf(500, "Deals"), every(byRule), batch.PrecheckAuto, sim.Config{}, 0.02, batch.AlreadyLocked},
		{"unlocked already", unlocksOf(500, "Deals"), every(bare), batch.PrecheckAuto, sim.Config{}, 0.02, batch.AlreadyUnlocked},
		{"missing", unlocksOf(500, "Deals"), every(missing), batch.PrecheckAuto, sim.Config{Modules: map[string]sim.Module{"Deals": {}}}, 0.02, batch.Failed},
		{"a server that takes fifty", unlocksOf(1000, "Deals"), every(bare), batch.PrecheckAuto, sim.Config{MaxIDs: 50}, 0.021, batch.AlreadyUnlocked},
		{"a server that takes thirty", unlocksOf(500, "Deals"), every(bare), batch.PrecheckAlways, sim.Config{MaxIDs: 30}, 0.05, batch.AlreadyUnlocked},
		{"a server that takes five", unlocksOf(300, "Deals"), every(bare), batch.PrecheckAlways, sim.Config{MaxIDs: 5}, 1.05, batch.AlreadyUnlocked},
		{"too few to look", unlocksOf(199, "Deals"), every(bare), batch.PrecheckAuto, sim.Config{}, 1, batch.AlreadyUnlocked},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				tt.cfg.Records = orgOf(tt.rows, tt.how)
				s := newStage(t, tt.cfg, tt.rows)
				report, run := s.work(batch.Options{Precheck: tt.mode})
				s.counts(run, map[batch.Outcome]int64{tt.want: int64(len(tt.rows))})
				s.settled()
				s.spent(run)
				if got := float64(s.org.Stats().Calls) / float64(len(tt.rows)); got > tt.most {
					t.Errorf("%.4f credits a row, want at most %.4f (%+v)", got, tt.most, report.Precheck)
				}
				if most := s.org.Stats().MaxInFlight; most > 8 {
					t.Errorf("%d calls at once, want at most 8", most)
				}
			})
		})
	}
}

// mixture is a job of all actions over some modules and an organisation in every state, by chance.
func mixture(seed uint64, n int) ([]batch.Row, func(int) standing) {
	rng := rand.New(rand.NewPCG(seed, 11))
	rows := locksOf(n, "Deals")
	how := make([]standing, n)
	for i := range rows {
		rows[i].Module = []string{"Deals", "Leads", "Cases", "Quotes", "Invoices"}[min(rng.IntN(9), 4)]
		rows[i].Action = []batch.Action{batch.ActionLock, batch.ActionUnlock, batch.ActionUpdateReason}[rng.IntN(3)]
		how[i] = standing(rng.IntN(6))
		if how[i] == converted && rows[i].Module != "Leads" {
			how[i] = bare
		}
		if i > 0 && rng.IntN(12) == 0 && rows[i-1].After == 0 { // another step for the record before
			rows[i].Module, rows[i].RecordID, rows[i].After = rows[i-1].Module, rows[i-1].RecordID, int64(i)
		}
	}
	return rows, func(i int) standing { return how[i] }
}

// about says whether n is what chance may make of want.
func about(n, want float64) bool { return n > 0.7*want && n < 1.3*want }

// Whether rows are looked at first changes what they cost and what they say, and nothing else.
func TestPrecheckChangesNoOutcome(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				rows, how := mixture(seed, 400)
				var want []string
				for _, mode := range []batch.Precheck{batch.PrecheckNever, batch.PrecheckAuto, batch.PrecheckAlways} {
					s := newStage(t, sim.Config{Records: orgOf(rows, how)}, rows)
					report, run := s.work(batch.Options{Precheck: mode})
					if report.StoppedBy != "" || run.State != batch.Completed {
						t.Fatalf("%s: stopped by %q (%s)", mode, report.StoppedBy, report.Why)
					}
					s.spent(run)
					var got []string
					for _, r := range s.rows() {
						got = append(got, fmt.Sprint(r.Seq, r.Outcome, r.Code))
					}
					if want == nil {
						want = got
					}
					for i := range got {
						if got[i] != want[i] {
							t.Errorf("%s: row %s, want %s", mode, got[i], want[i])
						}
					}
					if settled := report.Precheck.Settled; (settled > 0) != (mode != batch.PrecheckNever) {
						t.Errorf("%s: %d rows settled", mode, settled)
					}
				}
			})
		})
	}
}

func TestPrecheckedRowSaysSo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := unlocksOf(60, "Leads")
		s := newStage(t, sim.Config{Records: orgOf(rows, func(i int) standing {
			return []standing{bare, missing, converted}[i%3]
		})}, rows)
		_, run := s.work(batch.Options{Precheck: batch.PrecheckAlways})
		s.counts(run, map[batch.Outcome]int64{batch.AlreadyUnlocked: 40, batch.Failed: 20})
		s.spent(run)
		for i, r := range s.rows() {
			if r.Attempts != 0 || r.HTTP != 200 || !strings.Contains(r.Message, "found so by a bulk read") || r.FinishedAt.IsZero() || r.Credits > 1 {
				t.Errorf("row %d: %+v", r.Seq, r)
			}
			if i%3 == 1 && (r.Code != "INVALID_DATA" || r.Hint == "") {
				t.Errorf("row %d: code %q, hint %q", r.Seq, r.Code, r.Hint)
			}
		}
	})
}

// What the sample decides is said, and why.
func TestPrecheckDecision(t *testing.T) {
	tests := []struct {
		name string
		how  func(int) standing
		near float64 // of 100
		want string
	}{
		{"none", func(int) standing { return bare }, 0, "no more are looked at, since that would cost more than it saves"},
		{"every other row", func(i int) standing { return standing(i % 2) }, 50, "bulk reads sort such rows out first"},
		{"every fourth row", func(i int) standing { return standing(i % 4 / 3) }, 25, "bulk reads sort such rows out first"},
		{"the second half of the file", func(i int) standing { return standing(i / 200) }, 50, "bulk reads sort such rows out first"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				rows := locksOf(400, "Deals")
				s := newStage(t, sim.Config{Records: orgOf(rows, tt.how)}, rows)
				var told []string
				report, run := s.work(batch.Options{Precheck: batch.PrecheckAuto, Tell: func(s string) { told = append(told, s) }})
				s.spent(run)
				if len(told) != 1 || told[0] != "precheck: "+report.Precheck.Decision {
					t.Fatalf("decided %q, told %q", report.Precheck.Decision, told)
				}
				var looked, found int
				_, err := fmt.Sscanf(report.Precheck.Decision, "of %d rows looked at beforehand, %d are already as wanted or do not exist", &looked, &found)
				if err != nil || looked != 100 || !about(float64(found), tt.near) && tt.near+float64(found) > 0 || !strings.HasSuffix(told[0], ": "+tt.want) {
					t.Errorf("%d of %d: %q", found, looked, told[0])
				}
			})
		})
	}
}

// A lock whose answer was lost is ours, however it looks to a bulk read.
func TestPrecheckLeavesDoubtAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := locksOf(120, "Deals")
		s := newStage(t, sim.Config{Latency: func() time.Duration { return 300 * time.Millisecond }}, rows)
		hard, cut := context.WithCancel(t.Context())
		go func() {
			time.Sleep(2500 * time.Millisecond)
			cut()
		}()
		_, run := s.sit(hard, hard, batch.Options{Precheck: batch.PrecheckAlways}, zoho.LimiterConfig{})
		if run.Counts[batch.Unknown] == 0 {
			t.Fatal("no row is in doubt: the test shows nothing")
		}
		s.spent(run)
		_, run = s.work(batch.Options{Precheck: batch.PrecheckAlways})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 120})
		s.settled()
		s.spent(run)
	})
}

// However a bulk read is refused or lost, the rows are worked and the run's account is right.
func TestPrecheckTroubles(t *testing.T) {
	read := sim.Match{Op: sim.OpRecords}
	first := sim.Match{Op: sim.OpRecords, Nth: 1}
	tests := []struct {
		name  string
		cfg   sim.Config
		warns int
		least int64 // rows settled
	}{
		{"without the scope", sim.Config{Standing: sim.Standing{ScopeMissing: []sim.Op{sim.OpRecords}}}, 1, 0},
		{"without the permission", sim.Config{Standing: sim.Standing{PermissionDenied: []sim.Op{sim.OpRecords}}}, 1, 0},
		{"always 500", sim.Config{Script: []sim.Fault{{Match: read, Do: sim.Status500Before}}}, 0, 0},
		{"500 once", sim.Config{Script: []sim.Fault{{Match: first, Do: sim.Status500Before}}}, 0, 80},
		{"429 once", sim.Config{Script: []sim.Fault{{Match: first, Do: sim.Throttle429}}}, 0, 80},
		{"lost once", sim.Config{Script: []sim.Fault{{Match: first, Do: sim.DropAfter}}}, 0, 80},
		{"cut once", sim.Config{Script: []sim.Fault{{Match: first, Do: sim.CutBody}}}, 0, 80},
		{"too many at once", sim.Config{Concurrency: 2}, 0, 80},
	}
	for _, tt := range tests {
		for _, mode := range []batch.Precheck{batch.PrecheckAuto, batch.PrecheckAlways} {
			t.Run(tt.name+" "+string(mode), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					rows := append(locksOf(110, "Deals"), locksOf(110, "Quotes")...)
					tt.cfg.Records = orgOf(rows, func(i int) standing { return standing(i % 2) })
					s := newStage(t, tt.cfg, rows)
					var log bytes.Buffer
					report, run := s.work(batch.Options{Precheck: mode, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
					s.counts(run, map[batch.Outcome]int64{batch.Locked: 110, batch.AlreadyLocked: 110})
					s.settled()
					s.spent(run)
					if n := strings.Count(log.String(), "level=WARN"); n != tt.warns {
						t.Errorf("%d warnings, want %d: %s", n, tt.warns, log.String())
					}
					if report.Precheck.Settled < tt.least || tt.least == 0 && report.Precheck.Settled > 0 {
						t.Errorf("%d rows settled by bulk reads, want at least %d", report.Precheck.Settled, tt.least)
					}
				})
			})
		}
	}
}

// Whatever stops a run on the way, rows looked at and not yet begun are pending, and nothing is lost.
func TestPrecheckStops(t *testing.T) {
	half := func(i int) standing { return standing(i % 2) }
	tests := []struct {
		name  string
		o     batch.Options
		l     zoho.LimiterConfig
		after time.Duration
		cause batch.StopCause
	}{
		{"a signal in the sample", batch.Options{}, zoho.LimiterConfig{}, 30 * time.Millisecond, batch.StopSignal},
		{"a signal", batch.Options{}, zoho.LimiterConfig{}, 900 * time.Millisecond, batch.StopSignal},
		{"the budget", batch.Options{}, zoho.LimiterConfig{MaxCredits: 60}, 0, batch.StopBudget},
		{"the budget in the sample", batch.Options{}, zoho.LimiterConfig{MaxCredits: 1}, 0, batch.StopBudget},
		{"the limit", batch.Options{Limit: 230}, zoho.LimiterConfig{}, 0, batch.StopLimit},
		{"failures", batch.Options{MaxFailures: 1, OnLocked: batch.OnLockedFail}, zoho.LimiterConfig{}, 0, batch.StopBreaker},
	}
	for _, tt := range tests {
		for _, mode := range []batch.Precheck{batch.PrecheckAuto, batch.PrecheckAlways} {
			t.Run(tt.name+" "+string(mode), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					rows := locksOf(400, "Deals")
					s := newStage(t, sim.Config{Records: orgOf(rows, half)}, rows)
					soft, stop := context.WithCancel(t.Context())
					defer stop()
					if tt.after > 0 {
						time.AfterFunc(tt.after, stop)
					}
					o := tt.o
					o.Precheck = mode
					report, run := s.sit(soft, t.Context(), o, tt.l)
					if report.StoppedBy != tt.cause || run.State != batch.Paused {
						t.Errorf("stopped by %q (%s), want %q", report.StoppedBy, report.Why, tt.cause)
					}
					if run.Open() != run.Counts[batch.Pending] || run.Counts[batch.Pending] == 0 {
						t.Errorf("counts %v: want the open rows pending", run.Counts)
					}
					if tt.o.Limit > 0 && run.Total-run.Open() != tt.o.Limit {
						t.Errorf("%d rows ended, want the limit of %d", run.Total-run.Open(), tt.o.Limit)
					}
					s.spent(run)
					_, run = s.work(batch.Options{Precheck: mode})
					want := map[batch.Outcome]int64{batch.Locked: 200, batch.AlreadyLocked: 200}
					if failed := run.Counts[batch.Failed]; failed > 0 {
						want[batch.Failed], want[batch.AlreadyLocked] = failed, 200-failed
					}
					s.counts(run, want)
					s.settled()
					s.spent(run)
				})
			})
		}
	}
}

// Rows that a bulk read finds missing end long before the others: that is no reason to stop.
func TestPrecheckTripsNoBreaker(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := locksOf(1000, "Deals")
		s := newStage(t, sim.Config{Records: orgOf(rows, func(i int) standing {
			if i%5 == 0 {
				return missing
			}
			return bare
		})}, rows)
		report, run := s.work(batch.Options{Precheck: batch.PrecheckAuto, MaxFailureRate: 0.5, Workers: 4})
		if report.StoppedBy != "" {
			t.Errorf("stopped by %q: %s", report.StoppedBy, report.Why)
		}
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 800, batch.Failed: 200})
		s.spent(run)
	})
}

// A module that cannot be worked on is left out, its rows that wait to be looked at included.
func TestPrecheckBlockedModule(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := append(locksOf(300, "Deals"), locksOf(300, "Quotes")...)
		for i := 1; i < 300; i += 2 {
			rows[i], rows[599-i] = rows[599-i], rows[i]
		}
		s := newStage(t, sim.Config{Modules: map[string]sim.Module{"Deals": {}, "Quotes": {Locking: sim.NotConfigured}}}, rows)
		report, run := s.work(batch.Options{Precheck: batch.PrecheckAlways})
		if report.StoppedBy != batch.StopConfiguration || report.Blocked["Quotes"] == nil {
			t.Errorf("stopped by %q, blocked %v", report.StoppedBy, report.Blocked)
		}
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 300, batch.Pending: 300})
		s.spent(run)
	})
}
