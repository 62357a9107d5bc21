package batch

import (
	"math/rand/v2"
	"time"
)

// retryPolicy is the one place that says when a row is tried again. zoho does not retry.
type retryPolicy struct {
	attempts int           // sends per row and sitting
	settle   time.Duration // when "it did not happen" may be believed
	seed     uint64
}

// readTries is how often a read may meet a passing fault before the row is left for later.
const readTries = 6

// notSent is the wait after the n-th call in a row (n from 1) that never reached Zoho, or that
// Zoho refused before it began.
func (p retryPolicy) notSent(seq int64, n int) time.Duration {
	return p.jitter(seq, n, 500*time.Millisecond, 30*time.Second)
}

// readFault is the wait after the n-th read in a row (n from 1) that got no usable answer.
func (p retryPolicy) readFault(seq int64, n int) time.Duration {
	return p.jitter(seq, n, time.Second, time.Minute)
}

// readBack is how long after the last send the n-th reading back (n from 1) is due: soon, since
// most lost answers are to calls that took effect, then at growing distances; the last one as
// soon as "it did not happen" may be believed.
func (p retryPolicy) readBack(n int) time.Duration {
	switch n {
	case 1:
		return p.settle / 30
	case 2:
		return p.settle / 4
	default:
		return p.settle
	}
}

// jitter is full jitter: anything up to the exponential step, capped before the draw. It is
// seeded by row and try, so that a simulation repeats whatever order its workers wake in.
func (p retryPolicy) jitter(seq int64, n int, base, most time.Duration) time.Duration {
	step := most
	if n < 16 {
		step = min(most, base<<(n-1))
	}
	draw := rand.New(rand.NewPCG(p.seed^uint64(seq), uint64(n)))
	return time.Duration(draw.Int64N(int64(step) + 1))
}
