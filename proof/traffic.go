package proof

import (
	"net/http"
	"slices"

	"zlock/batch"
	"zlock/zoho/sim"
)

type complain = func(row int64, format string, args ...any)

// whole is I0.
func (s *story) whole(bad complain) {
	for i, e := range s.Events {
		if want := s.Events[0].Seq + int64(i); e.Seq != want {
			bad(0, "event %d follows where %d is due", e.Seq, want)
			return
		}
	}
	if len(s.Events) > 0 && s.Events[0].Seq != 1 {
		bad(0, "the log begins with event %d: its beginning was dropped", s.Events[0].Seq)
	}
	for _, f := range s.strays {
		bad(0, "event %d is a call about %s %s, which no row may make", f.Seq, f.Module, f.ID)
	}
}

// intended is I2. Where the intents are not known, a snapshot after a kill shows whether the row was
// known to be in flight.
func (s *story) intended(bad complain) {
	for _, l := range s.rows {
		for _, f := range l.writes() {
			if s.Intents != nil && !slices.ContainsFunc(s.Intents, func(i Intent) bool { return i.covers(l, f) }) {
				bad(l.Seq, "event %d (%s, lock %q) had no durable intent", f.Seq, f.Op, f.LockID)
			}
		}
	}
	for _, shot := range s.shots {
		for _, l := range s.rows {
			if t, ok := shot.told[l.Line]; ok && shot.Killed && t.Outcome == batch.Pending {
				s.unknownChange(l, shot, bad)
			}
		}
	}
}

func (i Intent) covers(l *life, f fact) bool {
	return i.Row == l.Seq && i.After < f.Seq && (f.Op == sim.OpLock || i.LockID == f.LockID)
}

func (s *story) unknownChange(l *life, shot shot, bad complain) {
	for _, f := range l.applied() {
		if f.Seq <= shot.Events && len(l.tale.foreign(f.Seq)) == 0 {
			bad(l.Seq, "event %d changed the record, and after the kill (%s) the row was told as pending", f.Seq, shot.Name)
		}
	}
}

// once is I3. Where another hand undid a change, the row may have made it again.
func (s *story) once(bad complain) {
	for _, l := range s.rows {
		applied := l.applied()
		for i := 1; i < len(applied); i++ {
			between := slices.ContainsFunc(l.tale.foreign(applied[i-1].Seq), func(f fact) bool { return f.Seq < applied[i].Seq })
			if !between {
				bad(l.Seq, "events %d and %d both changed the record", applied[i-1].Seq, applied[i].Seq)
			}
		}
		sends := map[sim.Op]int{}
		for _, f := range l.writes() {
			sends[f.Op]++
		}
		for _, op := range []sim.Op{sim.OpLock, sim.OpReason, sim.OpUnlock} {
			if most := s.Sends * s.Sittings; most > 0 && sends[op] > most && !l.tale.meddled() {
				bad(l.Seq, "%d calls to %s, %d at most in %d sittings", sends[op], op, most, s.Sittings)
			}
		}
	}
}

// locksTouched is I6. Without the intents, a lock that another hand replaced since can't be known.
func (s *story) locksTouched(bad complain) {
	for _, l := range s.rows {
		known := s.recorded(l)
		for _, f := range l.facts {
			if f.Op != sim.OpUnlock && f.Op != sim.OpReason {
				continue
			}
			if !slices.Contains(known, f.LockID) && (s.Intents != nil || !l.tale.meddled()) {
				bad(l.Seq, "event %d (%s) named lock %s; recorded are %q", f.Seq, f.Op, f.LockID, known)
			}
			if f.Op == sim.OpUnlock && f.Applied && !s.AnyOwner && s.Me != "" && f.before.holder != s.Me {
				bad(l.Seq, "event %d took away the lock %s of %q without --any-owner", f.Seq, f.LockID, f.before.holder)
			}
		}
	}
}

// recorded are the locks that the checkpoint ever named for the row, as far as is known.
func (s *story) recorded(l *life) []string {
	ids := []string{l.LockID}
	if l.Previous != nil {
		ids = append(ids, l.Previous.LockID)
	}
	for _, i := range s.Intents {
		if i.Row == l.Seq {
			ids = append(ids, i.LockID)
		}
	}
	for _, shot := range s.shots {
		if t, ok := shot.told[l.Line]; ok {
			ids = append(ids, t.LockID)
		}
	}
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
}

// inFlight is I7.
func (s *story) inFlight(bad complain) {
	most, at := 0, int64(0)
	for _, e := range s.Events {
		if e.InFlight > most {
			most, at = e.InFlight, e.Seq
		}
	}
	if s.Cap > 0 && most > s.Cap {
		bad(0, "%d calls were in flight at event %d, %d allowed", most, at, s.Cap)
	}
}

// paid is I8.
func (s *story) paid(bad complain) {
	wire := int64(0)
	for _, e := range s.Events {
		if s.isOurs(e) && !e.Late && !e.Part && e.Op != sim.OpToken && e.Op != sim.OpRevoke {
			wire++
		}
	}
	shares := int64(0)
	for _, l := range s.rows {
		shares += int64(l.Credits)
	}
	switch {
	case s.Run.ID == "":
	case s.Ledger != 0 && wire > s.Ledger:
		bad(0, "%d calls arrived, the org's ledger holds %d credits", wire, s.Ledger)
	case s.Ledger != 0 && !s.Crashed && wire != s.Ledger:
		bad(0, "%d calls arrived, the org's ledger holds %d credits, and nothing crashed", wire, s.Ledger)
	case wire > s.Run.Credits:
		bad(0, "%d calls arrived, %d credits are booked", wire, s.Run.Credits)
	case !s.Crashed && (wire != s.Run.Credits || wire != s.Run.Calls):
		bad(0, "%d calls arrived, %d credits and %d calls are booked, and nothing crashed", wire, s.Run.Credits, s.Run.Calls)
	case !s.Crashed && shares > s.Run.Credits: // after a crash a row's share is an estimate
		bad(0, "the rows' shares add up to %d credits, the run's are %d", shares, s.Run.Credits)
	}
}

// patience is P10: a second send of the same kind follows an answer, or waits.
func (s *story) patience(bad complain) {
	for _, l := range s.rows {
		last := map[sim.Op]fact{}
		for _, f := range l.writes() {
			before, again := last[f.Op]
			last[f.Op] = f
			answered := before.Status < http.StatusMultipleChoices && !before.open()
			switch {
			case !again:
			case answered && !s.Crashed && len(l.tale.foreign(before.Seq)) == 0:
				bad(l.Seq, "event %d sends again what event %d had done and answered", f.Seq, before.Seq)
			case (answered || before.open()) && s.Settle > 0 && f.At.Sub(before.At) < s.Settle-s.Slack:
				bad(l.Seq, "event %d sends again %v after event %d, and --settle is %v", f.Seq, f.At.Sub(before.At), before.Seq, s.Settle)
			}
		}
	}
}

// throttled is P15.
func (s *story) throttled(bad complain) {
	for _, l := range s.rows {
		if l.Outcome == batch.Failed && l.HTTP == http.StatusTooManyRequests {
			bad(l.Seq, "failed with 429")
		}
		worth := 0
		for _, f := range l.facts {
			if f.Status != http.StatusTooManyRequests && !f.Late {
				worth++
			}
		}
		if l.Attempts > worth {
			bad(l.Seq, "%d attempts are counted, %d calls were not throttled", l.Attempts, worth)
		}
		for _, a := range s.Attempts[l.Seq] {
			if a.HTTP == http.StatusTooManyRequests {
				bad(l.Seq, "attempt %d ended with 429", a.N)
			}
		}
	}
}
