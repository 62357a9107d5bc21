package zoho

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	renewBefore   = 5 * time.Minute  // how long before its end a token is renewed
	renewPause    = time.Minute      // between two attempts to renew a token that still works
	refusedMemory = 16               // refused tokens that are remembered
	tokenTimeout  = 30 * time.Second // for one call to the token endpoint
)

// TokenConfig says how to get access tokens.
type TokenConfig struct {
	Accounts     string // https://accounts.zoho.com, checked by CheckHost; may be "" with an AccessToken alone
	ClientID     string
	ClientSecret Secret
	RefreshToken Secret // does not expire until revoked
	AccessToken  Secret // used as it is until Zoho refuses it, or its replacement where there is a RefreshToken

	CachePath string                                           // file that shares the access token between processes, 0600; "" for none
	Lock      func(context.Context) (unlock func(), err error) // held across processes while asking Zoho; nil for none

	Limiter    *Limiter          // every token call takes a slot, and no credit; nil for none
	Transport  http.RoundTripper // nil: one of NewTransportFor
	AllowHosts []string          // exact names trusted beside Zoho's own, see CheckHost
	Log        *slog.Logger      // nil discards
	Hidden     *Hidden           // learns every secret and every token; nil: one of its own
}

// Tokens hands out access tokens to any number of goroutines, and asks Zoho for a new one once for all
// of them: at most 5 times in 10 minutes, because Zoho blocks a refresh token after 10.
type Tokens struct {
	cfg  TokenConfig
	http *http.Client
	log  *slog.Logger

	mu      sync.Mutex
	current access
	refused []Secret  // the last tokens that Zoho refused
	dead    *Error    // the sign-in itself was refused: asking again would not help
	flight  *flight   // the renewal under way, nil when there is none
	pause   time.Time // no renewal of a token that still works before then
	own     cacheFile // what the shared file would hold, where there is none
}

// access is an access token and what came with it.
type access struct {
	token     Secret
	got       time.Time // wall clock
	expires   time.Time // wall clock; zero when unknown: good until refused
	apiDomain string    // checked; "" when none was given
}

// usable reports whether the token has not run out.
func (a access) usable(now time.Time) bool {
	return !a.token.IsZero() && (a.expires.IsZero() || now.Before(a.expires))
}

// fresh reports whether the token is not even due for renewal: 5 minutes before its end, or when a
// quarter of a shorter life is left.
func (a access) fresh(now time.Time) bool {
	margin := min(renewBefore, a.expires.Sub(a.got)/4)
	return a.usable(now) && (a.expires.IsZero() || now.Before(a.expires.Add(-margin)))
}

// flight is one renewal that any number of callers wait for.
type flight struct {
	done      chan struct{}
	cancel    context.CancelFunc
	waiting   int
	abandoned bool // everybody gave up before it ended
	err       error
}

// NewTokens returns the token source, or an error that names the setting which cannot be used. It makes
// no call.
func NewTokens(c TokenConfig) (*Tokens, error) {
	c.ClientID = strings.TrimSpace(c.ClientID)
	c.ClientSecret, c.RefreshToken, c.AccessToken = trimmed(c.ClientSecret), trimmed(c.RefreshToken), trimmed(c.AccessToken)
	switch {
	case c.RefreshToken.IsZero() && c.AccessToken.IsZero():
		return nil, errors.New("new tokens: neither a refresh token nor an access token is given")
	case !c.RefreshToken.IsZero() && (c.ClientID == "" || c.ClientSecret.IsZero()):
		return nil, errors.New("new tokens: a refresh token needs its client id and client secret")
	case !c.RefreshToken.IsZero() || c.Accounts != "":
		if err := CheckHost(c.Accounts, c.AllowHosts); err != nil {
			return nil, fmt.Errorf("new tokens: accounts address: %w", err)
		}
	}
	c.Accounts = strings.TrimSuffix(c.Accounts, "/")
	if c.Transport == nil {
		c.Transport = NewTransportFor(TransportConfig{Concurrency: 1, AllowHosts: c.AllowHosts})
	}
	if c.Hidden == nil {
		c.Hidden = new(Hidden)
	}
	c.Hidden.Add(c.ClientSecret, c.RefreshToken, c.AccessToken)
	return &Tokens{
		cfg: c, http: newHTTPClient(c.Transport), log: orDiscard(c.Log),
		current: access{token: c.AccessToken},
	}, nil
}

func trimmed(s Secret) Secret { return NewSecret(strings.TrimSpace(s.Reveal())) }

// Token returns an access token that is good as far as is known, and waits for one if need be. One that
// is near its end is renewed, and goes on being handed out while that fails. The error is an *Error; its
// phase is PhaseNotSent, PhaseRefused (TokenThrottled, with how long to wait) or PhaseDefinite (SignIn).
func (t *Tokens) Token(ctx context.Context) (Secret, error) {
	for {
		token, f, err := t.join(ctx)
		if f == nil {
			return token, err
		}
		if gaveUp := t.wait(ctx, f); gaveUp != nil {
			return Secret{}, tokenError(NotSent, gaveUp)
		}
		if f.abandoned {
			continue // it was cancelled before we came
		}
		if f.err != nil {
			return t.stopgap(f.err)
		}
		if token, ok := t.have(); ok {
			return token, nil
		}
		// Refused between its arrival and now: ask again.
	}
}

// join returns the token to be used, or the flight to wait for, which it starts if there is none.
func (t *Tokens) join(ctx context.Context) (Secret, *flight, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := wallNow()
	switch {
	case t.current.fresh(now), t.current.usable(now) && (now.Before(t.pause) || t.dead != nil):
		return t.current.token, nil, nil
	case t.dead != nil:
		return Secret{}, nil, t.dead
	case ctx.Err() != nil:
		return Secret{}, nil, tokenError(NotSent, context.Cause(ctx))
	}
	if t.flight == nil {
		detached, cancel := context.WithCancel(context.WithoutCancel(ctx))
		t.flight = &flight{done: make(chan struct{}), cancel: cancel}
		go t.fly(detached, t.flight)
	}
	t.flight.waiting++
	return Secret{}, t.flight, nil
}

// wait returns nil when the flight has ended, or why the caller gave up before. The last one to give up
// ends the flight.
func (t *Tokens) wait(ctx context.Context, f *flight) error {
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.abandoned = true
		f.cancel()
	}
	return context.Cause(ctx)
}

// fly gets a token and wakes everybody who waits for it.
func (t *Tokens) fly(ctx context.Context, f *flight) {
	defer f.cancel()
	got, err := t.renew(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flight = nil
	f.err = err
	switch e := new(Error); {
	case err == nil:
		t.cfg.Hidden.Add(got.token)
		t.current = got
	case errors.As(err, &e) && e.Kind == SignIn:
		t.dead = e
	default:
		t.pause = wallNow().Add(renewPause)
	}
	close(f.done)
}

// stopgap returns the token that still works although its renewal did not.
func (t *Tokens) stopgap(err error) (Secret, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current.usable(wallNow()) {
		t.log.Warn("access token not renewed in time; the old one is still used", "error", err)
		return t.current.token, nil
	}
	return Secret{}, err
}

func (t *Tokens) have() (Secret, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.current.token, t.current.usable(wallNow())
}

// Invalidate tells that Zoho refused a token, so that it is handed out no more. A token that has been
// replaced meanwhile changes nothing.
func (t *Tokens) Invalidate(stale Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if stale.IsZero() || t.isRefused(stale) {
		return
	}
	if len(t.refused) == refusedMemory {
		t.refused = t.refused[1:]
	}
	t.refused = append(t.refused, stale)
	if t.current.token.Equal(stale) {
		t.current = access{apiDomain: t.current.apiDomain}
	}
}

func (t *Tokens) isRefused(token Secret) bool {
	for _, r := range t.refused {
		if r.Equal(token) {
			return true
		}
	}
	return false
}

// APIDomain returns the address of the API, without a slash at its end: as the last token answer named it,
// else as the data centre of the accounts host has it, else "".
func (t *Tokens) APIDomain() string {
	t.mu.Lock()
	domain := t.current.apiDomain
	t.mu.Unlock()
	if domain != "" {
		return domain
	}
	for _, dc := range DataCentres() {
		if strings.EqualFold(dc.Accounts, t.cfg.Accounts) {
			return dc.API
		}
	}
	return ""
}

// wallNow is the wall clock: the monotonic one stops while the machine sleeps, and tokens run out then.
func wallNow() time.Time { return time.Now().Round(0) }

// tokenError is a failure to get a token for the reason err.
func tokenError(kind Kind, err error) *Error {
	return (&Error{Op: OpToken, Index: -1, Kind: kind, Err: err}).settleToken()
}

// settleToken fills in what follows from the kind: however the token call ended, the call that wanted the
// token never left, so nothing is open.
func (e *Error) settleToken() *Error {
	e.settle()
	if e.Phase == PhaseOpen {
		e.Phase = PhaseNotSent
	}
	return e
}

// Expires returns when the present access token runs out, by the wall clock; zero when there is none, or
// when that is not known.
func (t *Tokens) Expires() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.current.expires
}
