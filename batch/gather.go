package batch

import (
	"slices"
	"time"
)

// gatherMost is how long outcomes may wait for others to be written down with, where nobody waits for
// them: a commit costs as much as several rows. Calls made together are answered together, at the far end's
// latency: what is left of one such burst is to be written with the next.
const gatherMost = 100 * time.Millisecond

// strideLeast is over how long at least the pace of outcomes is taken: within a burst of answers they come
// many times as fast as they go on coming.
const strideLeast = 20 * time.Millisecond

// stride is what the last commits tell of how long the rows dealt ahead will last.
type stride struct {
	from time.Time     // since when outcomes are counted
	n    int           // outcomes since then
	each time.Duration // between two outcomes, when last told
	took time.Duration // for a commit
}

// begun notes that a commit of so many outcomes begins.
func (s *stride) begun(now time.Time, outcomes int) {
	if s.from.IsZero() {
		s.from = now
		return
	}
	s.n += outcomes
	if span := now.Sub(s.from); span >= strideLeast && s.n > 0 {
		s.each = span / time.Duration(s.n)
		s.from, s.n = now, 0
	}
}

// ended notes how long that commit took. A slow one is remembered for some time: the next may be as slow.
func (s *stride) ended(took time.Duration) { s.took = max(took, s.took-s.took/8) }

// lasts says whether so many rows keep the workers busy for longer than three commits. Before anything is
// known they do not.
func (s *stride) lasts(rows int) bool {
	return s.each > 0 && time.Duration(rows)*s.each > 3*s.took
}

// gathers says whether what is to be written may wait for more, and sets k.gathered to when it no longer
// may. It may while the rows dealt ahead will outlast the commit that brings more: then no worker can run
// out of rows before the commit is done, and what a crash would leave in doubt is bounded as ever, by the
// rows dealt. What somebody waits for, or what may stop the run, is written at once.
func (k *keeper) gathers(now time.Time) bool {
	if !k.patient() {
		return false
	}
	if k.gathered.IsZero() {
		k.gathered = now.Add(gatherMost)
	}
	return now.Before(k.gathered)
}

// patient says whether nobody waits for what is to be written.
func (k *keeper) patient() bool {
	c := &k.changes
	if len(c.Intents)+len(c.Release)+c.Calls+c.Credits+len(k.after) > 0 || k.out == 0 || k.broken != nil || k.tempo() != everything {
		return false
	}
	if k.crowded() {
		return false
	}
	if slices.ContainsFunc(c.Results, func(r Result) bool { return !r.Outcome.Final() || r.Outcome == Failed }) {
		return false
	}
	if k.pre != nil {
		return !k.pre.due(k)
	}
	return k.want() == 0 || k.plenty()
}

// crowded says whether more rows are at work, or done and not written down, than are dealt ahead: some that
// were to wait have come due together. Were their outcomes to wait as well, the workers could begin more
// passes before the next commit than the store reserves credits for.
func (k *keeper) crowded() bool {
	return k.out+len(k.queue)+len(k.changes.Results) > 2*k.r.options.Workers
}

// plenty says whether the rows that are dealt ahead will outlast a commit: a fifth of them at the least
// waits to be worked, since the pace may change.
func (k *keeper) plenty() bool {
	spare := k.out + len(k.queue) - k.r.options.Workers
	return spare > k.r.options.Workers/5 && k.stride.lasts(spare)
}

// ahead says whether more than half of the rows that are dealt ahead still wait to be worked.
func (k *keeper) ahead() bool {
	return k.out+len(k.queue) >= k.r.options.Workers+(k.r.options.Workers+1)/2
}
