package sim

import (
	"hash/fnv"
	"math"
	"strconv"
)

// tally counts calls, for faults that strike by number. What it knows is in the
// journal, so that a story goes on where it stopped.
type tally struct {
	records map[subject][5]uint16 // by Op.slot
	others  map[Op]int            // calls about no one record
	overall []int                 // by the script's faults
	script  []Fault
}

// subject is the record that a call is about, which need not exist.
type subject struct {
	module string
	id     int64
}

func newTally(script []Fault) tally {
	return tally{records: map[subject][5]uint16{}, others: map[Op]int{}, overall: make([]int, len(script)), script: script}
}

// subject is the record that c is about; false when it is about no one record.
func (c *call) subject() (subject, bool) {
	if c.op.slot() < 0 || !digits(c.id) {
		return subject{}, false
	}
	n, err := strconv.ParseInt(c.id, 10, 64)
	return subject{c.module, n}, err == nil
}

// agreed is the number of the record c is about, if it may be one with an agreed ending.
func (c *call) agreed(o *Org) (int64, bool) {
	s, ok := c.subject()
	return s.id, ok && o.cfg.ByID && s.id%10_000 >= 9000 && s.id%10_000 < 9100
}

// counts reports whether anything hangs on the number of c.
func (o *Org) counts(c *call) bool {
	_, agreed := c.agreed(o)
	return agreed || len(o.cfg.Script) > 0
}

func (t *tally) add(c *call) {
	if s, ok := c.subject(); ok {
		counts := t.records[s]
		if i := c.op.slot(); counts[i] < math.MaxUint16 {
			counts[i]++
		}
		t.records[s] = counts
	} else {
		t.others[c.op]++
	}
	for i, f := range t.script {
		if f.Match.picks(c) {
			t.overall[i]++
		}
	}
}

// matching is the number of c among the calls that m picks.
func (t *tally) matching(i int, m Match, c *call) int {
	if m.Overall {
		return t.overall[i]
	}
	s, ok := c.subject()
	if !ok {
		return t.others[c.op]
	}
	return t.sum(s, m.Op)
}

func (t *tally) sum(s subject, ops Op) int {
	n := 0
	for _, op := range []Op{OpList, OpGet, OpLock, OpReason, OpUnlock} {
		if ops.covers(op) {
			n += int(t.records[s][op.slot()])
		}
	}
	return n
}

func (t *tally) ofRecord(c *call) ordinal {
	s, _ := c.subject()
	return ordinal{call: t.sum(s, AnyOp), read: t.sum(s, AnyRead), write: t.sum(s, AnyWrite), unlock: t.sum(s, OpUnlock)}
}

// chance is a number in [0,1) that depends on its arguments and on nothing else.
func chance(parts ...uint64) float64 {
	x := uint64(0x9E3779B97F4A7C15)
	for _, p := range parts {
		x = mix(x ^ p)
	}
	return float64(x>>11) / (1 << 53)
}

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}
