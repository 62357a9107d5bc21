package checkpoint_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

// Whether outcomes come one a commit or all in one, the ledger of locks is the same after them: what
// several rows of one record leave behind too.
func TestLockLedgerInGroups(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 11))
		rows, results := chains(rng, 120)
		var ledgers [3][]string
		for i, most := range []int{1, 7, len(results)} {
			d := fresh(t)
			enrol(t, d, aRun(runID), rows)
			s := begin(t, d, runID)
			commit(t, s, batch.Changes{Deal: len(rows)})
			for from := 0; from < len(results); from += most {
				commit(t, s, batch.Changes{Now: time.Unix(1_800_000_000, 0), Results: results[from:min(from+most, len(results))]})
			}
			ledgers[i] = ledger(t, d)
		}
		if len(ledgers[0]) == 0 || !reflect.DeepEqual(ledgers[0], ledgers[1]) || !reflect.DeepEqual(ledgers[0], ledgers[2]) {
			t.Errorf("seed %d: one by one %q, by seven %q, at once %q", seed, ledgers[0], ledgers[1], ledgers[2])
		}
	}
}

// chains makes rows of which several are about one record, and what becomes of them: at random, but for
// rows of one record, which end one after the other.
func chains(rng *rand.Rand, n int) (rows []batch.Row, results []batch.Result) {
	rows = locks(n)
	before := map[string]int64{}
	for i := range rows {
		row := &rows[i]
		row.RecordID = fmt.Sprint(5842000000000000001 + rng.IntN(n/6))
		row.Action = []batch.Action{batch.ActionLock, batch.ActionUpdateReason, batch.ActionLock, batch.ActionUnlock}[rng.IntN(4)]
		row.After, before[row.RecordID] = before[row.RecordID], row.Seq
		row.Reason = fmt.Sprint("reason ", i)
	}
	ended := map[int64]bool{0: true}
	for _, i := range endlessly(rng, n) {
		if row := rows[i]; !ended[row.Seq] && ended[row.After] {
			ended[row.Seq] = true
			results = append(results, ending(rng, row))
		}
		if len(results) == n {
			break
		}
	}
	return rows, results
}

// endlessly is numbers below n in random order, again and again, as often as the longest chain may need.
func endlessly(rng *rand.Rand, n int) (all []int) {
	for range n {
		all = append(all, rng.Perm(n)...)
	}
	return all
}

// ending is an outcome that a row may have, with one of few locks.
func ending(rng *rand.Rand, row batch.Row) batch.Result {
	r := batch.Result{Seq: row.Seq, LockID: fmt.Sprint(70 + rng.IntN(2)), Attempts: 1}
	codes := []string{batch.CodeNotLocked, batch.CodeLockChanged, batch.CodeReasonChanged, batch.CodeRecordNotFound, "OTHER"}
	switch rng.IntN(8) {
	case 0, 1:
		r.Outcome, r.Code = batch.Failed, codes[rng.IntN(len(codes))]
	case 2:
		r.Outcome = batch.AlreadyLocked
	case 3:
		r.Outcome = batch.AlreadyUnlocked
	default:
		r.Outcome = map[batch.Action]batch.Outcome{
			batch.ActionLock: batch.Locked, batch.ActionUnlock: batch.Unlocked, batch.ActionUpdateReason: batch.ReasonUpdated,
		}[row.Action]
	}
	return r
}

// ledger is what is kept of the locks that runs have left.
func ledger(t *testing.T, d *checkpoint.DB) (all []string) {
	t.Helper()
	rows, err := raw(t, d.Path()).QueryContext(t.Context(), "SELECT module, record_id, lock_id, reason, made, run, at FROM locks ORDER BY module, record_id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var of [7]any
		if err := rows.Scan(&of[0], &of[1], &of[2], &of[3], &of[4], &of[5], &of[6]); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(of[:]...))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
