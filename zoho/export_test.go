package zoho

// RetryAfter lets tests reach the reader of the header.
var RetryAfter = retryAfter

// CheckDialled judges the address to which a name has led.
var CheckDialled = checkDialled

// Widen opens the slots up to the cap, as calls that went well would in time.
func Widen(l *Limiter) *Limiter {
	l.slots.window = float64(l.slots.cap)
	return l
}
