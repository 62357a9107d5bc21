package sim

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Kind is one way for a call to go wrong.
type Kind string

// The kinds. For is the fault's duration where one is mentioned.
const (
	DropBefore      Kind = "drop_before"       // the connection is cut, without effect
	DropAfter       Kind = "drop_after"        // the connection is cut, after the effect
	LateEffect      Kind = "late_effect"       // the connection is cut now, the effect comes For later; none comes of calls that do not lock
	Hang            Kind = "hang"              // no effect, and no answer for as long as the caller stays
	Slow            Kind = "slow"              // the effect at once, the answer For later
	CutBody         Kind = "cut_body"          // after the effect, the connection is cut in mid-body
	HTML502Before   Kind = "html_502_before"   // a proxy's page, without effect
	HTML502After    Kind = "html_502_after"    // a proxy's page, after the effect
	Status500Before Kind = "status_500_before" // INTERNAL_ERROR, without effect
	Status500After  Kind = "status_500_after"  // INTERNAL_ERROR, after the effect
	Status503       Kind = "status_503"        // a proxy's page, without effect
	Outage          Kind = "outage"            // as Status503; with Match.From and Match.Until, Zoho is away

	Throttle429        Kind = "throttle_429"         // in the usual envelope; For is told as Retry-After
	Throttle429Numeric Kind = "throttle_429_numeric" // older, a number for code; For is told as Retry-After
	Throttle429Credits Kind = "throttle_429_credits" // older, naming 24 hours; For is told as Retry-After
	Throttle429Minute  Kind = "throttle_429_minute"  // naming a minute; For is told as Retry-After
	Throttle429Hint    Kind = "throttle_429_hint"    // with For among the details

	TokenRevoked Kind = "token_revoked" // the token presented dies: 401, without effect
	Forbidden    Kind = "forbidden"     // NO_PERMISSION, without effect
	Redirect     Kind = "redirect"      // 307 to another host, without effect
	WrongID      Kind = "wrong_id"      // after the effect, an answer about another lock
	EmptyBody    Kind = "empty_body"    // after the effect, the right status with no body
	Drip         Kind = "drip"          // after the effect, a byte every For, or every second
	HugeBody     Kind = "huge_body"     // after the effect, 16 MiB of white space before the answer; gzipped where accepted
	ChangeHands  Kind = "change_hands"  // before the call, Patricia unlocks the record and locks it anew
)

// Match says which calls a fault strikes. All of its conditions must hold; the
// zero value takes in every call to the API.
type Match struct {
	Op       Op     // a call or a group
	Module   string // empty: any
	IDSuffix string // of the record's id, as written; empty: any

	// Nth and Every pick among the calls that fit so far: the calls of one record
	// (for calls about no one record, of one Op), or, with Overall, all calls.
	Nth     int     // only the nth, from 1; 0: any
	Every   int     // only each so-manieth; 0: any
	Prob    float64 // only with this probability, by seed, record and call number; 0: always
	Overall bool

	From, Until time.Duration // only so long after New; Until 0: for ever
}

// Fault strikes the calls that Match picks.
type Fault struct {
	Match Match
	Do    Kind
	For   time.Duration
}

// trouble is what has been decided for one call; the zero value is none.
type trouble struct {
	kind Kind
	span time.Duration
}

func (f Fault) check() error {
	if !f.Do.known() {
		return fmt.Errorf("unknown kind %.40q", string(f.Do))
	}
	if p := f.Match.Prob; math.IsNaN(p) || p < 0 || p > 1 {
		return fmt.Errorf("the probability must lie between 0 and 1, and is %v", p)
	}
	if f.Match.Nth < 0 || f.Match.Every < 0 || f.For < 0 {
		return fmt.Errorf("nth, every and for must not be negative")
	}
	return nil
}

func (k Kind) known() bool {
	switch k {
	case DropBefore, DropAfter, LateEffect, Hang, Slow, CutBody, HTML502Before, HTML502After, Status500Before,
		Status500After, Status503, Outage, Throttle429, Throttle429Numeric, Throttle429Credits, Throttle429Minute,
		Throttle429Hint, TokenRevoked, Forbidden, Redirect, WrongID, EmptyBody, Drip, HugeBody, ChangeHands:
		return true
	}
	return false
}

// choose says which fault strikes c, which has just been counted; o.mu is held.
func (o *Org) choose(c *call) trouble {
	if t := o.switches.trouble(c); t.kind != "" {
		return t
	}
	age := time.Since(o.began)
	for i, f := range o.cfg.Script {
		if f.Match.picks(c) && f.Match.open(age) && o.struckBy(i, c) {
			return trouble{f.Do, f.For}
		}
	}
	if id, ok := c.agreed(o); ok {
		return agreedFault(id, c.op, o.tally.ofRecord(c))
	}
	return trouble{}
}

// picks reports whether the call is of the kind meant, count and chance aside.
func (m Match) picks(c *call) bool {
	return m.Op.covers(c.op) && (m.Module == "" || m.Module == c.module) && strings.HasSuffix(c.id, m.IDSuffix)
}

func (m Match) open(age time.Duration) bool {
	return age >= m.From && (m.Until == 0 || age < m.Until)
}

// struckBy settles count and chance for the i-th fault of the script.
func (o *Org) struckBy(i int, c *call) bool {
	m := o.cfg.Script[i].Match
	n := o.tally.matching(i, m, c)
	if m.Nth > 0 && n != m.Nth || m.Every > 0 && n%m.Every != 0 {
		return false
	}
	return m.Prob == 0 || chance(o.cfg.Seed, uint64(i), uint64(n), hash(c.module), hash(c.id), hash(string(c.op))) < m.Prob
}

// struck carries out c as the fault would have it; o.mu is held.
func (o *Org) struck(c *call, f trouble) (answer, *change) {
	if a, ok := o.withoutEffect(c, f); ok {
		return a, nil
	}
	if f.kind == ChangeHands {
		if err := o.changeHands(c); err != nil {
			return serverFault(), nil
		}
	}
	a, ch := o.performAny(c)
	return disguise(a, f), ch
}

// withoutEffect is the answer of a fault that keeps the call from doing anything.
func (o *Org) withoutEffect(c *call, f trouble) (answer, bool) {
	switch f.kind {
	case DropBefore, LateEffect:
		return answer{bring: delivery{cut: true}}, true
	case Hang:
		return answer{bring: delivery{hang: true}}, true
	case HTML502Before:
		return badGateway(http.StatusBadGateway), true
	case Status503, Outage:
		return badGateway(http.StatusServiceUnavailable), true
	case Status500Before:
		return serverFault(), true
	case Throttle429, Throttle429Numeric, Throttle429Credits, Throttle429Minute, Throttle429Hint:
		return f.throttle(c), true
	case TokenRevoked:
		o.tokens.kill(c.token)
		return deadToken(), true
	case Forbidden:
		return noPermission(c.op), true
	case Redirect:
		a := answer{status: http.StatusTemporaryRedirect}
		a.header = map[string]string{"Location": "https://elsewhere.invalid/crm/v8/"}
		return a, true
	}
	return answer{}, false
}

func (f trouble) throttle(c *call) answer {
	seconds := int((f.span + time.Second - 1) / time.Second)
	var a answer
	switch {
	case c.op.accounts():
		a = tokenThrottled()
	case f.kind == Throttle429Hint:
		return throttledHint(seconds)
	case f.kind == Throttle429Numeric:
		a = throttledOld("a minute")
	case f.kind == Throttle429Credits:
		a = throttledCredits()
	case f.kind == Throttle429Minute:
		a = throttledMinute()
	default:
		a = throttled()
	}
	if seconds > 0 {
		a.header = withHeader(a.header, "Retry-After", strconv.Itoa(seconds))
	}
	return a
}

func withHeader(h map[string]string, name, value string) map[string]string {
	if h == nil {
		h = map[string]string{}
	}
	h[name] = value
	return h
}

// disguise spoils the answer of a call that has had its effect.
func disguise(a answer, f trouble) answer {
	switch f.kind {
	case DropAfter:
		a.bring.cut = true
	case Slow:
		a.bring.slow = f.span
	case CutBody:
		a.bring.half = true
	case HTML502After:
		lost := badGateway(http.StatusBadGateway)
		lost.lockID = a.lockID // the log knows what the caller doesn't
		return lost
	case Status500After:
		lost := serverFault()
		lost.lockID = a.lockID
		return lost
	case WrongID:
		a = a.aboutAnother()
	case EmptyBody:
		a.body = nil
	case Drip:
		a.bring.drip = max(f.span, time.Millisecond)
		if f.span == 0 {
			a.bring.drip = time.Second
		}
	case HugeBody:
		a.bring.huge = true
	}
	return a
}

// changeHands lets Patricia replace a lock by hand with one of her own. Where
// there is none, nothing happens.
func (o *Org) changeHands(c *call) error {
	m, id, ok := o.find(c.module, c.id)
	if !ok {
		return nil
	}
	old, locked := m.locks[id]
	if !locked || old.from() != Manual {
		return nil
	}
	r := o.row(Lock{Reason: "Locked again by Patricia Boyle", By: Patricia()}, o.newLockID(), o.now())
	if err := o.commit(entry{}, &change{key: key{m, id}, row: &r}); err != nil {
		return err
	}
	e := Event{Op: OpUnlock, Module: c.module, ID: c.id, LockID: o.lock(old).ID, Actor: Patricia().ID, Applied: true}
	e.Holder = o.holder(old, true)
	o.record(e)
	e.Op, e.LockID, e.Holder, e.Reason = OpLock, o.lock(r).ID, "", r.reason
	o.record(e)
	return nil
}

// performAny is perform, or the accounts server's side of it.
func (o *Org) performAny(c *call) (answer, *change) {
	if c.op.accounts() {
		return o.accounts(c), nil
	}
	return o.perform(c)
}
