package sim

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxBody is the most of a request's body that is looked at, in bytes.
const maxBody = 1 << 20

// call is one request as the organisation understands it.
type call struct {
	op      Op
	method  string
	module  string
	id      string // of the record, as written
	lockID  string
	query   url.Values
	body    []byte
	token   string // the access token presented
	host    string // as the caller named it, with the scheme
	second  int64  // in which its credit was spent; 0 when it was not
	part    bool   // it came within a composite
	refused *answer
	coql    *query // of a call to COQL, once it is read
	meta    bool   // with its columns' metadata
}

// ServeHTTP answers one call. It serves /crm/v2 to /crm/v8 and the accounts
// server's /oauth/v2/token, its /revoke, and /oauth/v3/device; anything else is 404.
func (o *Org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := route(r)
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	c.body = body
	c.readQuery()
	d := desk{o: o, w: w, r: r, release: func() {}}
	if c.op.accounts() {
		o.serveToken(&d, c)
		return
	}
	release, refused := o.enter(c)
	d.release = release
	defer release()
	if refused == nil {
		refused = o.authorise(c, r.Header.Get("Authorization"))
	}
	if refused != nil {
		d.deliver(o.turnAway(c, *refused))
		return
	}
	o.serve(&d, c, o.latency())
}

// serve lets half of the latency pass, carries the call out, lets the other half pass, and answers.
func (o *Org) serve(d *desk, c *call, latency time.Duration) {
	o.pause(latency / 2)
	a := o.carryOut(c)
	if a.bring.cut {
		panic(http.ErrAbortHandler)
	}
	o.pause(latency - latency/2 + a.bring.slow)
	d.deliver(a)
}

func (o *Org) latency() time.Duration {
	if o.cfg.Latency == nil {
		return 0
	}
	return o.cfg.Latency()
}

// carryOut decides whether a fault strikes, does what the call asks for, writes
// it to the journal and to the log, and returns the answer. It is the one place
// in which calls change anything, so that the log is a total order.
func (o *Org) carryOut(c *call) answer {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.carry(c)
}

// carry is carryOut with o.mu held.
func (o *Org) carry(c *call) answer {
	if o.closed {
		return answer{bring: delivery{cut: true}}
	}
	note := entry{Credit: c.credited(o), More: c.more(o)}
	if o.counts(c) {
		o.tally.add(c)
		note.count(c)
	}
	f := o.choose(c)
	note.Late = o.lateFor(c, f)
	e := Event{Fault: f.kind}
	a, ch := o.struck(c, f)
	e.Holder = o.holderOf(c)
	around := ch.events(o, c.op)
	if err := o.commit(note, ch); err != nil {
		a, ch, around = serverFault(), nil, nil
	} else {
		o.schedule(note.Late)
	}
	for _, other := range around {
		o.record(other)
	}
	if ch != nil && ch.wide == nil {
		e.Applied = true
		e.Reason = ch.reason()
	}
	o.history.strike(f.kind)
	o.logCall(c, a, e)
	return a
}

// turnAway notes a call that got no further than the door.
func (o *Org) turnAway(c *call, a answer) answer {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.commit(entry{Credit: c.credited(o), More: c.more(o)}, nil); err != nil {
		a = serverFault()
	}
	o.logCall(c, a, Event{})
	return a
}

// perform does what a call asks for, leaving the change to be committed; o.mu is held.
func (o *Org) perform(c *call) (answer, *change) {
	if c.refused != nil {
		return *c.refused, nil
	}
	if covered(o.stand.ScopeMissing, c.op) {
		return noScope(), nil
	}
	if a, ok := o.performReading(c); ok {
		return a, nil
	}
	if a, ch, ok := o.performWriting(c); ok {
		return a, ch
	}
	switch c.op {
	case OpRecords:
		return o.records(c), nil
	case OpComposite:
		return o.composite(c), nil
	case OpConfiguration:
		return o.configuration(c), nil
	case OpModules:
		return o.listModules(c), nil
	case OpUsers:
		return o.users(c), nil
	case OpOrg:
		return o.org(), nil
	}
	return o.locking(c)
}

// route tells what a request asks for from its method and path.
func route(r *http.Request) *call {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	c := &call{op: OpOther, method: r.Method, query: r.URL.Query(), host: scheme + r.Host}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/oauth/v2/token":
		c.op = OpToken
	case r.URL.Path == "/oauth/v2/token/revoke":
		c.op = OpRevoke
	case r.URL.Path == "/oauth/v3/device/code":
		c.op = OpDevice
	case r.URL.Path == "/oauth/v3/device/token":
		c.op = OpDeviceToken
	case len(parts) > 2 && parts[0] == "crm" && knownVersion(parts[1]) && !slices.Contains(parts, ""):
		c.routeAPI(parts[2:])
	default:
		c.refuse(badPattern())
	}
	return c
}

func knownVersion(v string) bool {
	return len(v) == 2 && v[0] == 'v' && v[1] >= '2' && v[1] <= '8'
}

func (c *call) refuse(a answer) { c.refused = &a }

func (c *call) routeAPI(parts []string) {
	switch {
	case c.routeReading(parts):
	case c.routeWriting(parts):
	case len(parts) > 2 && parts[2] == lockingName && len(parts) < 5:
		c.routeLocking(parts)
	case len(parts) == 1 && parts[0] == "users":
		c.only(OpUsers)
	case len(parts) == 1 && parts[0] == "org":
		c.only(OpOrg)
	case len(parts) == 2 && parts[0] == "settings" && parts[1] == "modules":
		c.only(OpModules)
	case len(parts) == 1 && parts[0] == "__composite_requests":
		if c.op = OpComposite; c.method != http.MethodPost {
			c.refuse(badMethod())
		}
	case len(parts) == 1:
		c.module = parts[0]
		c.only(OpRecords)
	default:
		c.refuse(badPattern())
	}
}

// only takes the call as op, which is there for reading alone.
func (c *call) only(op Op) {
	c.op = op
	if c.method != http.MethodGet {
		c.op = OpOther
		c.refuse(badMethod())
	}
}

func (c *call) routeLocking(parts []string) {
	c.module, c.id = parts[0], parts[1]
	verbs := map[string]Op{http.MethodGet: OpList, http.MethodPost: OpLock}
	if len(parts) == 4 {
		c.lockID = parts[3]
		verbs = map[string]Op{http.MethodGet: OpGet, http.MethodPut: OpReason, http.MethodDelete: OpUnlock}
	}
	op, ok := verbs[c.method]
	switch {
	case !ok:
		c.refuse(badMethod())
	case !digits(c.id), len(parts) == 4 && !digits(c.lockID):
		c.op = op
		c.refuse(badPattern())
	default:
		c.op = op
	}
}
