package proof

import (
	"html"
	"slices"
	"strings"

	"zlock/batch"
	"zlock/zoho/sim"
)

// claimed is I4: a change that is reported was made by us. A lock that vanished while our own request
// to take it away was open may have gone by another's hand.
func (s *story) claimed(bad complain) {
	for _, l := range s.rows {
		switch l.Outcome {
		case batch.Locked:
			if !l.did(sim.OpLock, func(f fact) bool { return f.LockID == l.LockID }) {
				bad(l.Seq, "reported locked by lock %q, which we never made", l.LockID)
			}
		case batch.Unlocked:
			ours := l.did(sim.OpUnlock, func(f fact) bool { return f.LockID == l.LockID })
			gone := slices.ContainsFunc(l.tale.foreign(0), func(f fact) bool { return f.Op == sim.OpUnlock && f.LockID == l.LockID })
			if !ours && (!gone || !s.mayHaveSent(l)) {
				bad(l.Seq, "reported unlocked, and we never took lock %q away", l.LockID)
			}
		case batch.ReasonUpdated:
			ours := l.did(sim.OpReason, func(f fact) bool { return sameText(f.Reason, l.Reason) })
			done := slices.ContainsFunc(l.tale.foreign(0), func(f fact) bool { return f.Op == sim.OpReason && sameText(f.Reason, l.Reason) })
			if !ours && (!done || !s.mayHaveSent(l)) {
				bad(l.Seq, "its reason is reported as changed, and we never changed it")
			}
		}
	}
}

func (l *life) did(op sim.Op, fits func(fact) bool) bool {
	return slices.ContainsFunc(l.applied(), func(f fact) bool { return f.Op == op && fits(f) })
}

// mayHaveSent says whether, for all that the program could know, a change of the row's was on its way.
func (s *story) mayHaveSent(l *life) bool {
	return s.Crashed || slices.ContainsFunc(l.writes(), fact.open)
}

// sameText compares reasons with what a server may have done to them put aside.
func sameText(a, b string) bool {
	plain := func(t string) string {
		t = strings.ReplaceAll(html.UnescapeString(t), "\r\n", "\n")
		return strings.TrimSpace(strings.ReplaceAll(t, "\r", "\n"))
	}
	return plain(a) == plain(b)
}

// undone is I5. What another hand has covered since can't be told any more.
func (s *story) undone(bad complain) {
	for _, l := range s.rows {
		if l.Outcome.Changed() || l.Outcome == batch.Unknown || l.Outcome == batch.Sending {
			continue
		}
		for _, f := range l.applied() {
			if len(l.tale.foreign(f.Seq)) == 0 {
				bad(l.Seq, "reported %s %s, and our event %d (%s) changed the record", l.Outcome, l.Code, f.Seq, f.Op)
			}
		}
	}
}

// already is P9: one of the row's own calls met the record so.
func (s *story) already(bad complain) {
	for _, l := range s.rows {
		own := map[int64]bool{}
		for _, f := range l.applied() {
			own[f.Seq] = true
		}
		var so func(lock) bool
		switch l.Outcome {
		case batch.AlreadyLocked:
			so = func(k lock) bool { return k.id != "" && !own[k.maker] }
		case batch.AlreadyUnlocked:
			so = func(k lock) bool { return k.id == "" }
		case batch.AlreadySet:
			so = func(k lock) bool { return k.id != "" && sameText(k.reason, l.Reason) }
		default:
			continue
		}
		if !slices.ContainsFunc(l.facts, func(f fact) bool { return so(f.before) }) {
			bad(l.Seq, "reported %s, and none of its calls met the record so", l.Outcome)
		}
	}
}

// finalState is I12: the record is as the last of its rows reports, unless others changed it since.
func (s *story) finalState(bad complain) {
	for _, l := range s.rows {
		if !s.Open && !l.Outcome.Final() {
			bad(l.Seq, "still %s at the end", l.Outcome)
		}
	}
	for _, t := range s.records {
		if l := t.speaker(); l != nil && !t.changedSince(l) {
			s.stands(l, bad)
		}
	}
}

// speaker is the row whose report says how the record stands at the end; nil where none does.
func (t *tale) speaker() *life {
	for _, l := range slices.Backward(t.rows) {
		switch {
		case !l.Outcome.Final():
			return nil
		case l.Outcome != batch.Failed:
			return l
		}
	}
	return nil
}

// changedSince says whether others changed the record after the row last touched it.
func (t *tale) changedSince(l *life) bool {
	if len(l.facts) == 0 {
		return t.meddled()
	}
	return len(t.foreign(l.facts[0].Seq)) > 0
}

func (s *story) stands(l *life, bad complain) {
	now := l.tale.now
	switch l.Outcome {
	case batch.Locked:
		if now.id != l.LockID {
			bad(l.Seq, "locked by %s, and the record's lock is %q", l.LockID, now.id)
		}
	case batch.AlreadyLocked:
		if now.id == "" {
			bad(l.Seq, "%s, and the record is not locked", l.Outcome)
		}
	case batch.Unlocked, batch.AlreadyUnlocked:
		if now.id != "" {
			bad(l.Seq, "%s, and the record's lock is %s", l.Outcome, now.id)
		}
	case batch.ReasonUpdated, batch.AlreadySet:
		if now.id == "" || !sameText(now.reason, l.Reason) {
			bad(l.Seq, "%s, and the reason is %q", l.Outcome, now.reason)
		}
	}
}
