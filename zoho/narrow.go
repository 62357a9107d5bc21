package zoho

import "fmt"

// NarrowError says that a call which takes several slots can't leave, since the Limiter has fewer open:
// nothing was sent, and it does not wait for better times.
type NarrowError struct {
	Want, Limit int // slots
}

// Error says how many slots are wanted and open.
func (e *NarrowError) Error() string {
	return fmt.Sprintf("the call takes %d slots and %d are open", e.Want, e.Limit)
}

// size is how many slots a waiting call takes.
func (w *waiter) size() int { return max(w.slots, 1) }
