package zoho

import "fmt"

// NarrowError says that a call which takes several slots can't leave, since the Limiter has fewer open, or
// too few credits of this invocation to read all its rows back: nothing was sent, and it does not wait for
// better times.
type NarrowError struct {
	Want, Limit int // slots
}

// Error says how many slots are wanted and open.
func (e *NarrowError) Error() string {
	if e.Want <= e.Limit {
		return fmt.Sprintf("too few credits are left to read back the rows of a call that takes %d slots", e.Want)
	}
	return fmt.Sprintf("the call takes %d slots and %d are open", e.Want, e.Limit)
}

// size is how many slots a waiting call takes.
func (w *waiter) size() int { return max(w.slots, 1) }
