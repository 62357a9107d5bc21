package proof_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"zlock/batch"
	"zlock/proof"
)

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x646973636f)) }

// errDisk is what a disk says that fails on purpose.
var errDisk = errors.New("disk I/O error (injected)")

// storeFaults are the ways in which a store goes wrong, each with a probability per commit, and how
// often each did.
type storeFaults struct {
	slow   float64 // takes up to three seconds
	before float64 // fails, and nothing was written
	after  float64 // fails, and all was written
	short  float64 // deals fewer rows than there are

	mu    sync.Mutex
	count map[string]int
}

// struck counts a fault.
func (f *storeFaults) struck(kind string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count == nil {
		f.count = map[string]int{}
	}
	f.count[kind]++
}

// total is how many faults struck so far.
func (f *storeFaults) total() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, k := range f.count {
		n += k
	}
	return n
}

// faultyStore is a real store that goes wrong now and then. A chance that has no place in storeFaults
// can be had with at: it is asked with the commit's number, from 1.
type faultyStore struct {
	batch.Store
	faults *storeFaults
	random *rand.Rand
	at     func(n int) string // "", "before" or "after"
	n      int
}

func (s *faultyStore) Commit(ctx context.Context, c batch.Changes) ([]batch.Row, error) {
	s.n++
	fault := ""
	if s.at != nil {
		fault = s.at(s.n)
	}
	chance := func(p float64) bool { return s.random != nil && s.random.Float64() < p }
	if chance(s.faults.slow) {
		s.faults.struck("slow")
		time.Sleep(time.Duration(s.random.Int64N(int64(3 * time.Second))))
	}
	if chance(s.faults.short) && c.Deal > 1 {
		s.faults.struck("short")
		c.Deal = s.random.IntN(c.Deal)
	}
	if fault == "before" || chance(s.faults.before) {
		s.faults.struck("before")
		return nil, errDisk
	}
	rows, err := s.Store.Commit(ctx, c)
	if err == nil && (fault == "after" || chance(s.faults.after)) {
		s.faults.struck("after")
		return nil, errDisk
	}
	return rows, err
}

// witness notes what became durable, and how far the far end's log had got by then.
type witness struct {
	batch.Store
	stand *stand
}

func (w *witness) Commit(ctx context.Context, c batch.Changes) ([]batch.Row, error) {
	rows, err := w.Store.Commit(ctx, c)
	if err != nil {
		return rows, err
	}
	events := w.stand.org.Stats().Events
	for _, i := range c.Intents {
		w.stand.intents = append(w.stand.intents, proof.Intent{Row: i.Seq, LockID: i.LockID, After: events})
	}
	for _, r := range rows {
		w.stand.intents = append(w.stand.intents, proof.Intent{Row: r.Seq, LockID: r.LockID, After: events})
	}
	return rows, err
}
