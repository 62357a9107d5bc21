package zoho

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Config says how to reach Zoho CRM.
type Config struct {
	API         string            // https://www.zohoapis.com, checked by CheckHost; "": where the token answer or the accounts host points
	Version     string            // API version, "v8" when empty
	Tokens      *Tokens           // required
	Limiter     *Limiter          // required
	Transport   http.RoundTripper // nil: one of NewDirect, for as many calls as the Limiter's cap; must tell httptrace what it sends, which is counted by that
	AllowHosts  []string          // exact names trusted beside Zoho's own, see CheckHost
	CallTimeout time.Duration     // for a whole call once it may leave; 30 s when 0
	Log         *slog.Logger      // one debug line a call, without secrets or reasons; nil discards
}

// Client makes calls to one CRM organisation. It may be used by many goroutines at once, each with its
// own Meter. Every failure of its methods is an *Error.
type Client struct {
	api         string
	version     string
	tokens      *Tokens
	limiter     *Limiter
	transport   http.RoundTripper
	callTimeout time.Duration
	log         *slog.Logger
	clock       *clock
	agent       string
	late        error // what ends a call of callTimeout
	base        *baseAddress
	meter       *Meter
	readBack    bool
}

var versionPattern = regexp.MustCompile(`^v[0-9]{1,2}(\.[0-9]{1,2})?$`)

// New returns a Client, or an error that names the setting which cannot be used. It makes no call.
func New(c Config) (*Client, error) {
	if c.Tokens == nil || c.Limiter == nil {
		return nil, errors.New("new client: it needs tokens and a limiter")
	}
	if c.Version == "" {
		c.Version = "v8"
	}
	if err := CheckVersion(c.Version); err != nil {
		return nil, fmt.Errorf("new client: %w", err)
	}
	if c.API != "" {
		if err := CheckHost(c.API, c.AllowHosts); err != nil {
			return nil, fmt.Errorf("new client: API address: %w", err)
		}
	}
	if c.Transport == nil {
		c.Transport = NewDirect(TransportConfig{Concurrency: c.Limiter.Snapshot().Cap, AllowHosts: c.AllowHosts})
	}
	if c.CallTimeout <= 0 {
		c.CallTimeout = 30 * time.Second
	}
	late := fmt.Errorf("no whole answer within %v", c.CallTimeout)
	return &Client{
		late: late, base: new(baseAddress),
		api: strings.TrimSuffix(c.API, "/"), version: c.Version,
		tokens: c.Tokens, limiter: c.Limiter, transport: c.Transport,
		callTimeout: c.CallTimeout, log: orDiscard(c.Log), clock: new(clock), agent: userAgent(),
	}, nil
}

// CheckVersion returns an error unless the text can be a version of Zoho's API, such as v8.
func CheckVersion(version string) error {
	if !versionPattern.MatchString(version) {
		return fmt.Errorf("API version %q: give one like v8", version)
	}
	return nil
}

func orDiscard(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}

// Metered returns a copy of the Client that books every call on m and shares all else.
func (c *Client) Metered(m *Meter) *Client {
	metered := *c
	metered.meter = m
	return &metered
}

// ReadBack returns a copy of the Client for looking at a record whose last change is in doubt: its calls
// may use the credits that the Limiter keeps for that, and are preferred as probes after an outage. Use
// it for reads.
func (c *Client) ReadBack() *Client {
	back := *c
	back.readBack = true
	return &back
}

// Offset returns Zoho's clock minus ours: the median over the Date headers of the last 20 answers. It is
// not ok without a Date header so far, or when the samples lie more than 30 s apart.
func (c *Client) Offset() (d time.Duration, ok bool) { return c.clock.offset() }

// call is one request as a door describes it.
type call struct {
	op     string
	record Record
	method string
	path   string // below /crm/{version}, escaped
	query  string
	body   []byte
	price  int                                    // credits for one request
	slots  int                                    // slots that it takes; 0 is one
	parts  func(clear func(string) string) *Error // of a composite: the failure within it that the Limiter is to hear of; clears all of secrets
	most   int                                    // bytes of an answer that are read; maxAnswer when less
	read   func(*answer) error                    // reads a success; what it complains of makes a BadAnswer
}

// do is the funnel that every call goes through. The answer "token dead" is the only one after which the
// request is sent again, once: it says that nothing was done.
func (c *Client) do(ctx context.Context, k call) error {
	token, err := c.tokens.Token(ctx)
	if err != nil {
		return ofRecord(err, k.record)
	}
	e := c.attempt(ctx, k, token)
	if e == nil {
		return nil
	}
	if e.Kind != SignIn {
		return e
	}
	c.tokens.Invalidate(token)
	token, err = c.tokens.Token(ctx)
	if err != nil {
		return afterRefusal(e, err)
	}
	if e = c.attempt(ctx, k, token); e != nil {
		return e
	}
	return nil
}

// ofRecord returns a copy of a token error that names the record it kept waiting.
func ofRecord(err error, r Record) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	named := *e
	named.Record = r
	return &named
}

// afterRefusal is what a refused token means when no other is to be had: where the sign-in is dead too,
// Zoho's refusal with the hint of why there is no other token; else the token's own trouble.
func afterRefusal(refusal *Error, err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Kind != SignIn {
		return ofRecord(err, refusal.Record)
	}
	refusal.Hint, refusal.Err = e.Hint, err
	return refusal
}

// attempt makes one request: it waits for leave, sends, reads, and tells the Limiter what came back.
func (c *Client) attempt(ctx context.Context, k call, token Secret) *Error {
	address, e := c.address(k)
	if e != nil {
		return e
	}
	slot, e := c.acquire(ctx, k)
	if e != nil {
		return e
	}
	w, began := new(wire), time.Now()
	feedback := Feedback{Kind: FeedbackTrouble, Remaining: -1}
	defer func() {
		feedback.Sent, _, _ = w.end()
		slot.Release(feedback)
	}()
	a, err := c.send(ctx, k, address, token, w)
	sent, first, last := w.end()
	clear := func(text string) string { return cut(c.tokens.cfg.Hidden.Redact(text), token) }
	e = understand(k, a, err, sent, clear)
	feedback = feedbackOf(e, a)
	if e == nil && k.parts != nil {
		feedback = feedbackOf(k.parts(clear), a)
	}
	if a != nil {
		c.clock.learn(a.header, last, a.at)
	}
	c.meter.book(sent, k.price, first, last, a.statusCode())
	c.note(ctx, k, a, e, sent, time.Since(began))
	return e
}

// address builds the call's URL, whose segments have been checked and escaped by then.
func (c *Client) address(k call) (string, *Error) {
	base := c.api
	if base == "" {
		base = c.tokens.APIDomain()
	}
	if base == "" {
		return "", (&Error{Op: k.op, Record: k.record, Index: -1, Kind: RequestRefused,
			Message: "the address of the API is not known", Hint: "name the data centre or the API's address"}).settle()
	}
	address := base + "/crm/" + c.version + k.path
	if k.query != "" {
		address += "?" + k.query
	}
	return address, nil
}

// acquire waits until the call may leave.
func (c *Client) acquire(ctx context.Context, k call) (*Slot, *Error) {
	slot, err := c.limiter.acquire(ctx, &waiter{price: k.price, slots: k.slots, read: c.readBack})
	if err == nil {
		return slot, nil
	}
	return nil, (&Error{Op: k.op, Record: k.record, Index: -1, Kind: kindOfHold(err), Err: err}).settle()
}

// kindOfHold tells the Limiter's own stop from a caller that gave up waiting.
func kindOfHold(err error) Kind {
	var stop *StopError
	if errors.As(err, &stop) {
		return Stopped
	}
	return NotSent
}

// send puts the request on the wire and reads what comes back. The error is the network's; an answer
// whose body broke off is an answer.
func (c *Client) send(ctx context.Context, k call, address string, token Secret, w *wire) (*answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.callTimeout, c.late)
	defer cancel()
	u, err := c.base.parse(address)
	if err != nil {
		return nil, err
	}
	req, err := newRequest(w.watch(ctx), k.method, u, k.body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken "+token.Reveal())
	req.Header.Set("User-Agent", c.agent)
	if k.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return roundTrip(c.transport.RoundTrip, req, max(k.most, maxAnswer), c.tokens.cfg.Hidden)
}

// roundTrip sends a request and reads its answer. What it says of secrets, should a server or a proxy repeat
// one, is taken out before anybody reads it. API calls are made by a transport itself, which follows no
// redirect; those to the accounts host by a client that follows none.
func roundTrip(send func(*http.Request) (*http.Response, error), req *http.Request, most int, hidden *Hidden) (*answer, error) {
	resp, err := send(req)
	if err != nil {
		return nil, hidden.redactError(networkError(req.Context(), err))
	}
	if resp == nil {
		return nil, errors.New("the transport gave neither an answer nor an error")
	}
	if resp.Body == nil { // a transport of somebody's may leave it out
		resp.Body = http.NoBody
	}
	return readAnswer(resp, most, hidden), nil
}

// networkError leaves out the URL that net/http wraps every error in, and names our own time limit where
// that was what ended the call.
func networkError(ctx context.Context, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}
