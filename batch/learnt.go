package batch

import "maps"

// Learnt is what the sittings of one invocation have learnt of bulk reads: a run that waits for credits
// and goes on pays for its sample once. The zero value knows nothing yet. It is not for use by two
// Runners at once.
type Learnt struct {
	judged bool
	size   int
	shares map[ModuleAction]*share
	barred map[string]bool
	off    bool
}

func (l *Learnt) known() bool { return l != nil && l.judged }

// keep takes over what an anteroom knows.
func (l *Learnt) keep(p *precheck) {
	if l == nil || p == nil || p.auto && !p.decided {
		return
	}
	*l = Learnt{judged: true, size: p.size, shares: maps.Clone(p.shares), barred: maps.Clone(p.barred), off: p.off}
}

// recall has an anteroom begin with what an earlier one knew.
func (p *precheck) recall(l *Learnt) {
	p.decided, p.grown, p.warned = true, true, true
	p.size, p.off = l.size, l.off
	p.shares, p.barred = maps.Clone(l.shares), maps.Clone(l.barred)
}

// hopeful is how many kinds of rows the sample says that bulk reads pay for.
func (p *precheck) hopeful() int {
	n := 0
	for _, s := range p.shares {
		if s.settled*float64(p.size) > s.looked {
			n++
		}
	}
	return n
}
