package batch

import (
	"slices"
	"time"
)

// gatherMost is how long outcomes may wait for others to be written down with, where nobody waits for
// them: a commit costs as much as several rows.
const gatherMost = 20 * time.Millisecond

// gathers says whether what is to be written may wait for more, and sets k.gathered to when it no longer
// may. It may while more than half of the rows dealt ahead still wait to be worked: then no worker can
// run out of rows before the commit is done, and what a crash would leave in doubt is bounded as ever,
// by the rows dealt. What somebody waits for, or what may stop the run, is written at once.
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
	if slices.ContainsFunc(c.Results, func(r Result) bool { return !r.Outcome.Final() || r.Outcome == Failed }) {
		return false
	}
	if k.pre != nil {
		return !k.pre.due(k)
	}
	return k.want() == 0 || k.ahead()
}

// ahead says whether more than half of the rows that are dealt ahead still wait to be worked.
func (k *keeper) ahead() bool {
	return k.out+len(k.queue) >= k.r.options.Workers+(k.r.options.Workers+1)/2
}
