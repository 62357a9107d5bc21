package proof_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho/sim"
)

// job is a job file of mixed rows, the records that they are about, and the end that each must come to.
type job struct {
	seed uint64
	rows []jobRow
}

// jobRow is one line of the job file.
type jobRow struct {
	id     string
	action batch.Action
	reason string
	lockID string    // as the job file names it
	start  *sim.Lock // of the record; nil: none
	again  bool      // a later row of the same record: the record is there already
	want   batch.Outcome
}

// newJob draws a job of about n rows: mostly locks and unlocks, some changes of reason, some that find
// it so already, and now and then a record that is locked and then unlocked.
func newJob(seed uint64, n int) job {
	j := job{seed: seed}
	random := rand.New(rand.NewPCG(seed, 0))
	for i := 0; len(j.rows) < n; i++ {
		id := fmt.Sprintf("58431040000%08d", 20000+7*i)
		mine := &sim.Lock{ID: fmt.Sprintf("58431042000%08d", i), Reason: "before"}
		theirs := &sim.Lock{ID: mine.ID, Reason: "hers", By: sim.Patricia()}
		reason := fmt.Sprintf("audit %d", i)
		switch draw := random.IntN(20); {
		case draw < 8:
			j.add(jobRow{id: id, action: batch.ActionLock, reason: reason, want: batch.Locked})
		case draw < 9:
			j.add(jobRow{id: id, action: batch.ActionLock, reason: reason, start: theirs, want: batch.AlreadyLocked})
		case draw < 13:
			j.add(jobRow{id: id, action: batch.ActionUnlock, start: mine, want: batch.Unlocked})
		case draw < 14:
			j.add(jobRow{id: id, action: batch.ActionUnlock, start: theirs, lockID: theirs.ID, want: batch.Unlocked})
		case draw < 15:
			j.add(jobRow{id: id, action: batch.ActionUnlock, want: batch.AlreadyUnlocked})
		case draw < 18:
			j.add(jobRow{id: id, action: batch.ActionUpdateReason, reason: reason, start: mine, want: batch.ReasonUpdated})
		case draw < 19:
			j.add(jobRow{id: id, action: batch.ActionUpdateReason, reason: mine.Reason, start: mine, want: batch.AlreadySet})
		default:
			j.add(jobRow{id: id, action: batch.ActionLock, reason: reason, want: batch.Locked})
			j.add(jobRow{id: id, action: batch.ActionUnlock, again: true, want: batch.Unlocked})
		}
	}
	return j
}

func (j *job) add(r jobRow) { j.rows = append(j.rows, r) }

func (j job) csv() string {
	var b strings.Builder
	b.WriteString("record_id,module,action,reason,lock_id\n")
	for _, r := range j.rows {
		fmt.Fprintf(&b, "%s,Deals,%s,%s,%s\n", r.id, r.action, r.reason, r.lockID)
	}
	return b.String()
}

func (j job) records() iter.Seq[sim.Record] {
	return func(yield func(sim.Record) bool) {
		for _, r := range j.rows {
			if !r.again && !yield(sim.Record{Module: "Deals", ID: r.id, Lock: r.start}) {
				return
			}
		}
	}
}

// judge fails the test unless every row came to the end that it was made for.
func (j job) judge(t testing.TB, rows []checkpoint.RowReport) {
	t.Helper()
	if len(rows) != len(j.rows) {
		t.Errorf("the run has %d rows, the job file %d", len(rows), len(j.rows))
		return
	}
	wrong := 0
	for i, r := range rows {
		if want := j.rows[i].want; r.Outcome != want {
			if wrong++; wrong <= 10 {
				t.Errorf("row %d (%s %s) is %s %s (%s), want %s", r.Seq, r.Action, r.RecordID, r.Outcome, r.Code, r.Message, want)
			}
		}
	}
}
