package batch

// Prices are the credits of Zoho's that rows cost when nothing goes wrong, as of 2026-08. Each call
// costs one.
type Prices struct {
	Lock         int `json:"lock"`                // the lock
	Unlock       int `json:"unlock"`              // a look at the lock, its removal
	KnownUnlock  int `json:"unlock_with_lock_id"` // the removal; where only our own locks may go, a look too
	UpdateReason int `json:"update_reason"`       // a look at the lock, its new reason
	ReadBack     int `json:"read_back"`           // a look at a record whose answer was lost
}

// ListPrices returns the prices that a forecast is made with.
// anyOwner says whether unlocks may take other users' locks away: else the job file's own lock_id spares no
// look at whose the lock is.
func ListPrices(anyOwner bool) Prices {
	p := Prices{Lock: 1, Unlock: 2, KnownUnlock: 1, UpdateReason: 2, ReadBack: 1}
	if !anyOwner {
		p.KnownUnlock = p.Unlock
	}
	return p
}

// readBacks is how often a change without an answer is read back before it is believed not to have
// happened.
const readBacks = 3

// costKind is what one row costs: a row that is never sent nothing.
type costKind uint8

const (
	costNothing costKind = iota
	costLock
	costUnlock
	costKnownUnlock
	costReason
	costKinds
)

// Costs is a Sink that keeps what each row will cost, a byte a row at most, and passes the rows on.
type Costs struct {
	next   Sink // nil: nowhere
	prices Prices
	rows   costList
}

// NewCosts returns a Costs that reckons with the prices and passes rows on to next, which may be nil.
func NewCosts(next Sink, prices Prices) *Costs { return &Costs{next: next, prices: prices} }

// Add takes the next row: see Sink.
func (c *Costs) Add(row Row) error {
	for int64(c.rows.n) < row.Seq-1 {
		c.rows.add(costNothing)
	}
	kind := costNothing
	if row.Outcome == Pending {
		kind = kindOf(row)
	}
	c.rows.add(kind)
	if c.next == nil {
		return nil
	}
	return c.next.Add(row)
}

// Mark says what was learnt of a row: see Sink.
func (c *Costs) Mark(seq int64, o Outcome, code, message string, after int64) error {
	if o != Pending && 0 < seq && seq <= int64(c.rows.n) {
		c.rows.set(int(seq-1), costNothing)
	}
	if c.next == nil {
		return nil
	}
	return c.next.Mark(seq, o, code, message, after)
}

func kindOf(row Row) costKind {
	switch {
	case row.Action == ActionLock:
		return costLock
	case row.Action == ActionUpdateReason:
		return costReason
	case row.LockID != "" && row.Expect == nil:
		return costKnownUnlock
	}
	return costUnlock
}

// expected is what a row costs when nothing goes wrong.
func (p Prices) expected(k costKind) int64 {
	return int64([costKinds]int{0, p.Lock, p.Unlock, p.KnownUnlock, p.UpdateReason}[k])
}

// worst is what a row costs when each of its changes goes without an answer and is read back until it
// is believed not to have happened.
func (p Prices) worst(k costKind, attempts int) int64 {
	if k == costNothing {
		return 0
	}
	return p.expected(k) + int64(attempts-1) + int64(attempts*readBacks*p.ReadBack)
}

// Expected returns the credits of all rows when nothing goes wrong.
func (c *Costs) Expected() (credits int64) {
	for k := range c.rows.all() {
		credits += c.prices.expected(k)
	}
	return credits
}

// Worst returns the credits of all rows when the answer to every change is lost, up to attempts times a
// row. Calls that Zoho refuses as too many at once, and looks without an answer, come on top.
func (c *Costs) Worst(attempts int) (credits int64) {
	for k := range c.rows.all() {
		credits += c.prices.worst(k, attempts)
	}
	return credits
}
