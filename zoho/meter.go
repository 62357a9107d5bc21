package zoho

import "time"

// Meter books what the calls made for one purpose, such as one row, put on the wire. It belongs to one
// goroutine: only one call may be made on it at a time. Calls to the token endpoint are not booked: they
// cost nothing and are made for everybody.
type Meter struct {
	Calls      int       // requests that left, silent repeats by the transport counted
	Credits    int       // what they cost
	FirstSent  time.Time // local wall clock, when the first was written; zero when none was
	LastSent   time.Time // the same for the last
	LastStatus int       // HTTP status of the last call; 0 when it got no answer
	Carried    int       // of the calls made, those that went along in another's composite: not in Calls
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

// Join books the calls of another Meter as made for this purpose too: a composite serves several. One
// of them pays, so that the sums over all purposes stay what was really sent.
func (m *Meter) Join(of Meter, pays bool) {
	if m == nil || of.Calls == 0 {
		return
	}
	if m.Carried++; pays {
		m.Calls += of.Calls
		m.Credits += of.Credits
	}
	if m.FirstSent.IsZero() {
		m.FirstSent = of.FirstSent
	}
	m.LastSent, m.LastStatus = of.LastSent, of.LastStatus
}
