package proof_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"zlock/batch"
	"zlock/zoho"
	"zlock/zoho/sim"
)

// plot is what a seed makes of one run: its rows, its org, what goes wrong, and when it is stopped.
type plot struct {
	seed     uint64
	random   *rand.Rand
	rows     []batch.Row
	records  []sim.Record
	config   sim.Config
	workers  int
	attempts int
	onLocked batch.OnLocked
	anyOwner bool
	acts     []act // of the second actor
	faults   *storeFaults
}

// act is one thing that somebody else does.
type act struct {
	after time.Duration
	op    sim.Op
	rec   sim.Record
}

// staleLocks begins the ids of locks that were gone before the run began.
const staleLocks = "5843104200000"

// troubles are the faults that pass: none of them may make a row fail.
var troubles = []struct {
	kind  sim.Kind
	op    sim.Op
	least time.Duration // of Fault.For
	most  time.Duration
}{
	{sim.DropBefore, sim.AnyOp, 0, 0},
	{sim.DropAfter, sim.AnyOp, 0, 0},
	{sim.LateEffect, sim.AnyWrite, time.Second, 55 * time.Second},
	{sim.CutBody, sim.AnyOp, 0, 0},
	{sim.HTML502Before, sim.AnyOp, 0, 0},
	{sim.HTML502After, sim.AnyOp, 0, 0},
	{sim.Status500Before, sim.AnyOp, 0, 0},
	{sim.Status500After, sim.AnyOp, 0, 0},
	{sim.Status503, sim.AnyOp, 0, 0},
	{sim.Throttle429, sim.AnyOp, 0, 20 * time.Second},
	{sim.Throttle429Numeric, sim.AnyOp, 0, 20 * time.Second},
	{sim.Throttle429Minute, sim.AnyOp, 0, 20 * time.Second},
	{sim.Throttle429Hint, sim.AnyOp, 0, 20 * time.Second},
	{sim.Throttle429Credits, sim.AnyOp, time.Second, time.Minute},
	{sim.TokenRevoked, sim.AnyOp, 0, 0},
	{sim.Slow, sim.AnyOp, 5 * time.Second, 50 * time.Second},
	{sim.Hang, sim.AnyOp, 0, 0},
	{sim.WrongID, sim.OpUnlock, 0, 0}, // of a lock or a read it would be a lie that nobody can see through
	{sim.WrongID, sim.OpReason, 0, 0},
	{sim.EmptyBody, sim.AnyOp, 0, 0},
	{sim.Drip, sim.AnyOp, 10 * time.Millisecond, time.Second},
	{sim.Outage, sim.AnyOp, 0, 0},
}

// tell draws a plot. Alone, nobody else acts, one worker works and no store fails: then the same
// seed must give the same plot to the letter.
func tell(seed uint64, alone bool) *plot {
	s := &plot{seed: seed, random: rand.New(rand.NewPCG(seed, 0x70726f6f66)), faults: &storeFaults{}}
	s.workers, s.attempts = 1+s.random.IntN(8), 1+s.random.IntN(3)
	s.anyOwner = s.chance(0.7)
	s.onLocked = batch.OnLockedSkip
	switch {
	case s.chance(0.15):
		s.onLocked = batch.OnLockedUpdateReason
	case s.chance(0.1):
		s.onLocked = batch.OnLockedFail
	}
	for range 12 + s.random.IntN(24) {
		s.record()
	}
	s.setOrg()
	s.setTroubles()
	if !s.chance(0.25) {
		*s.faults = storeFaults{slow: 0.05, before: 0.05, after: 0.05, short: 0.05}
	}
	if s.chance(0.6) {
		s.setActs()
	}
	if alone {
		s.workers, s.acts, s.faults = 1, nil, &storeFaults{}
	}
	return s
}

func (s *plot) chance(p float64) bool { return s.random.Float64() < p }

// record draws a record with the lock it has, and the rows about it.
func (s *plot) record() {
	n := len(s.records)
	rec := sim.Record{Module: []string{"Deals", "Contacts"}[s.random.IntN(2)], ID: recordID(n)}
	id := fmt.Sprintf("5843104100000%06d", n+1)
	switch p := s.random.Float64(); {
	case p < 0.30:
		rec.Lock = &sim.Lock{ID: id, Reason: "before"}
	case p < 0.42:
		rec.Lock = &sim.Lock{ID: id, Reason: "hers", By: sim.Patricia()}
	case p < 0.47:
		rec.Lock = &sim.Lock{ID: id, Source: sim.Automatic}
	case p < 0.51:
		rec.Lock = &sim.Lock{ID: id, Reason: "both", Source: sim.Both}
	}
	missing := s.chance(0.03)
	s.rowsOf(rec, n)
	if missing {
		rec.Module = "Leads" // the id exists, but not where the row looks for it
	}
	s.records = append(s.records, rec)
}

// rowsOf draws one to three rows in a sequence, each step asking for something else than the last.
func (s *plot) rowsOf(rec sim.Record, n int) {
	steps := 1
	if s.chance(0.25) {
		steps += 1 + s.random.IntN(2)
	}
	asks := []batch.Action{batch.ActionLock, batch.ActionUnlock, batch.ActionUpdateReason}
	first, last := s.random.IntN(3), int64(0)
	for step := range steps {
		r := batch.Row{
			Seq: int64(len(s.rows) + 1), Line: len(s.rows) + 2, Module: rec.Module, RecordID: rec.ID,
			Action: asks[(first+step)%3], After: last, Outcome: batch.Pending,
		}
		if r.Action != batch.ActionUnlock {
			r.Reason = s.reason(r.Seq)
		}
		if step == 0 && r.Action != batch.ActionLock && rec.Lock != nil && s.chance(0.3) {
			if s.anyOwner || rec.Lock.By != sim.Patricia() { // naming a lock is asking for it, whoever's it is
				r.LockID = rec.Lock.ID
			}
			if s.chance(0.15) {
				r.LockID = fmt.Sprintf("%s%06d", staleLocks, n+1)
			}
		}
		last = r.Seq
		s.rows = append(s.rows, r)
	}
	if s.chance(0.05) {
		r := s.rows[len(s.rows)-1]
		r.Seq, r.Line, r.After = r.Seq+1, r.Line+1, 0
		r.Outcome, r.Code, r.Message = batch.Duplicate, "duplicate_row", "asked for before"
		s.rows = append(s.rows, r)
	}
}

func (s *plot) reason(seq int64) string {
	switch s.random.IntN(4) {
	case 0:
		return fmt.Sprintf("quarter end [zlock %s#%d]", runOfStand[len(runOfStand)-4:], seq)
	case 1:
		return "audit <2026> & \"Q3\"\r\nof Zoë's team "
	}
	return "quarter end"
}

func (s *plot) setOrg() {
	s.config = sim.Config{Records: func(yield func(sim.Record) bool) {
		for _, r := range s.records {
			if !yield(r) {
				return
			}
		}
	}}
	latency := time.Duration(20+s.random.IntN(200)) * time.Millisecond
	s.config.Latency = func() time.Duration { return latency }
	if s.chance(0.3) {
		s.config.Concurrency = 1 + s.random.IntN(4)
	}
	if s.chance(0.1) {
		s.config.Credits = 20 + s.random.IntN(60)
	}
	if s.chance(0.4) {
		s.config.Skew = time.Duration(s.random.Int64N(int64(40*time.Minute))) - 20*time.Minute
	}
}

// setTroubles draws one to six kinds of trouble; one seed in ten has none.
func (s *plot) setTroubles() {
	if s.chance(0.1) {
		return
	}
	for range 1 + s.random.IntN(6) {
		kind := troubles[s.random.IntN(len(troubles))]
		f := sim.Fault{Do: kind.kind, Match: sim.Match{Op: kind.op, Prob: 0.02 + 0.13*s.random.Float64()}, For: kind.least}
		if kind.most > kind.least {
			f.For += time.Duration(s.random.Int64N(int64(kind.most - kind.least)))
		}
		if kind.kind == sim.Outage {
			f.Match.Prob = 0
			f.Match.From = time.Duration(s.random.Int64N(int64(20 * time.Second)))
			f.Match.Until = f.Match.From + time.Duration(s.random.Int64N(int64(20*time.Minute)))
		}
		s.config.Script = append(s.config.Script, f)
	}
}

// setActs lets Patricia, and rules, act on some of the records in the first two minutes.
func (s *plot) setActs() {
	for range 1 + s.random.IntN(len(s.records)) {
		rec := s.records[s.random.IntN(len(s.records))]
		a := act{after: time.Duration(s.random.Int64N(int64(2 * time.Minute))), rec: sim.Record{Module: rec.Module, ID: rec.ID}}
		switch s.random.IntN(4) {
		case 0:
			a.op = sim.OpUnlock
		case 1:
			a.op, a.rec.Lock = sim.OpReason, &sim.Lock{Reason: "re-worded by another"}
		case 2:
			a.op, a.rec.Lock = sim.OpLock, &sim.Lock{Source: sim.Automatic}
		default:
			a.op, a.rec.Lock = sim.OpLock, &sim.Lock{Reason: "quarter end"}
		}
		s.acts = append(s.acts, a)
	}
}

// sitting draws the n-th sitting, from 0. The first ones are troubled, the later ones are let work.
func (s *plot) sitting(n int) sitting {
	random := rand.New(rand.NewPCG(s.seed, uint64(n)+1000))
	sit := sitting{options: batch.Options{Workers: s.workers, Attempts: s.attempts, OnLocked: s.onLocked, AnyOwner: s.anyOwner}}
	if n >= 12 {
		return sit
	}
	moment := func(most time.Duration) time.Duration {
		return time.Millisecond + time.Duration(random.Int64N(int64(most)))
	}
	switch p := random.Float64(); {
	case p < 0.15:
		sit.soft = moment(20 * time.Second)
	case p < 0.25:
		sit.hard = moment(20 * time.Second)
	case p < 0.35:
		sit.soft = moment(5 * time.Second)
		sit.hard = sit.soft + moment(2*time.Second)
	case p < 0.45:
		sit.options.Limit = 1 + random.Int64N(20)
	case p < 0.55:
		sit.limits = zoho.LimiterConfig{MaxCredits: 10 + random.IntN(40)}
	}
	sit.store = func(store batch.Store) batch.Store {
		return &faultyStore{Store: store, faults: s.faults, random: rand.New(rand.NewPCG(s.seed, uint64(n)))}
	}
	return sit
}
