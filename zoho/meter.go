package zoho

import "time"

// Meter books what the calls made for one purpose, such as one row, put on the wire. It belongs to one
// goroutine: only one call may be made on it at a time. Calls to the token endpoint are not booked: they
// cost nothing and are made for everybody.
type Meter struct {
	Calls      int       // requests that left, silent repeats by net/http counted
	Credits    int       // what they cost
	FirstSent  time.Time // local wall clock, when the first was written; zero when none was
	LastSent   time.Time // the same for the last
	LastStatus int       // HTTP status of the last call; 0 when it got no answer
}

func (m *Meter) book(sent, price int, first, last time.Time, status int) {
	if m == nil {
		return
	}
	m.Calls += sent
	m.Credits += sent * price
	m.LastStatus = status
	if sent == 0 {
		return
	}
	if m.FirstSent.IsZero() {
		m.FirstSent = first
	}
	m.LastSent = last
}
