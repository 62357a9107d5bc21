package zoho

// RetryAfter lets tests reach the reader of the header.
var RetryAfter = retryAfter

// Widen opens the slots up to the cap, as calls that went well would in time.
func Widen(l *Limiter) *Limiter {
	l.slots.window = float64(l.slots.cap)
	return l
}
