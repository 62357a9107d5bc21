package zoho

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	tokenLife    = time.Hour        // of an access token, where the answer does not say
	maxTokenLife = 24 * time.Hour   // more than this in seconds can only be milliseconds
	tokenBlock   = 10 * time.Minute // how long Zoho refuses a refresh token that asked too often
)

// renew gets a token that is fresh and was not refused: from the file that processes share, or else from
// Zoho, while no other process does the same.
func (t *Tokens) renew(ctx context.Context) (access, error) {
	if t.cfg.RefreshToken.IsZero() {
		e := tokenError(SignIn, errors.New("the access token was refused or ran out, and there is no refresh token to get another with"))
		e.Hint = "give a new access token, or sign in with a refresh token"
		return access{}, e
	}
	if got, ok := t.shared(t.readCache()); ok {
		return got, nil
	}
	unlock, err := t.lock(ctx)
	if err != nil {
		return access{}, tokenError(NotSent, err)
	}
	defer unlock()
	file := t.readCache()
	if got, ok := t.shared(file); ok {
		return got, nil
	}
	return t.ask(ctx, file)
}

// shared returns the token of the file when it is of use.
func (t *Tokens) shared(file cacheFile) (access, bool) {
	got := file.access()
	t.mu.Lock()
	defer t.mu.Unlock()
	return got, got.fresh(wallNow()) && !t.isRefused(got.token)
}

func (t *Tokens) lock(ctx context.Context) (func(), error) {
	if t.cfg.Lock == nil {
		return func() {}, nil
	}
	return t.cfg.Lock(ctx)
}

// ask calls the token endpoint, if that is allowed now, and writes down what it needs to know next time.
func (t *Tokens) ask(ctx context.Context, file cacheFile) (access, error) {
	if e := file.mayAsk(wallNow()); e != nil {
		return access{}, e
	}
	if err := pauseFor(ctx, file.pause(wallNow())); err != nil {
		return access{}, tokenError(NotSent, err)
	}
	slot, err := t.acquire(ctx)
	if err != nil {
		return access{}, tokenError(kindOfHold(err), err)
	}
	w := new(wire)
	feedback := Feedback{Kind: FeedbackTrouble, Remaining: -1}
	defer func() {
		feedback.Sent, _, _ = w.end()
		slot.release(feedback)
	}()
	got, e := t.post(ctx, w)
	if e == nil || e.Phase != PhaseNotSent {
		feedback.Kind = FeedbackAnswered // the endpoint's own limit is no sign of too many calls at once
	} else {
		feedback.Trouble = e.trouble()
	}
	if sent, _, _ := w.end(); sent > 0 {
		file.asked(wallNow(), e)
	}
	if e == nil {
		file.keep(got)
	}
	if err := t.writeCache(file); err != nil {
		t.log.Warn("access token not shared with other processes", "error", err)
	}
	t.noteToken(e)
	if e != nil {
		return access{}, e
	}
	return got, nil
}

// pauseFor waits, or returns why it was cut short.
func pauseFor(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// tokenSlot is the Limiter's slot, or none where there is no Limiter.
type tokenSlot struct{ slot *Slot }

func (s tokenSlot) release(f Feedback) {
	if s.slot != nil {
		s.slot.Release(f)
	}
}

func (t *Tokens) acquire(ctx context.Context) (tokenSlot, error) {
	if t.cfg.Limiter == nil {
		return tokenSlot{}, nil
	}
	slot, err := t.cfg.Limiter.Acquire(ctx, 0)
	return tokenSlot{slot}, err
}

// post makes the call.
func (t *Tokens) post(ctx context.Context, w *wire) (access, *Error) {
	a, err := postForm(ctx, t.http, t.cfg.Accounts+"/oauth/v2/token", url.Values{
		"grant_type":    {"refresh_token"},
		"client_id":     {t.cfg.ClientID},
		"client_secret": {t.cfg.ClientSecret.Reveal()},
		"refresh_token": {t.cfg.RefreshToken.Reveal()},
	}, w)
	if err != nil {
		return access{}, tokenError(NotSent, t.cfg.Hidden.redactError(err))
	}
	if e := judgeToken(a); e != nil {
		e.Code, e.Message = t.scrub(e.Code), t.scrub(e.Message)
		return access{}, e
	}
	return t.readAccess(a), nil
}

// postForm sends a form to an accounts host. The secrets go in the body: what stands in an address ends up
// in logs and errors.
func postForm(ctx context.Context, client *http.Client, address string, form url.Values, w *wire) (*answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, tokenTimeout, errors.New("no whole answer within "+tokenTimeout.String()))
	defer cancel()
	u, err := url.Parse(address)
	if err != nil {
		return nil, errAddress
	}
	req, err := newRequest(w.watch(ctx), http.MethodPost, u, []byte(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", userAgent())
	return roundTrip(client.Do, req, maxAnswer, nil) // secrets are what it is asked for
}

func (t *Tokens) scrub(text string) string {
	return cut(t.cfg.Hidden.Redact(text), t.cfg.ClientSecret, t.cfg.RefreshToken, t.cfg.AccessToken)
}

// judgeToken says what an answer of the token endpoint means; nil when it holds a token. Errors come with
// status 200 as a rule. Its throttle says "Access Denied", and must never be taken for bad credentials.
func judgeToken(a *answer) *Error { return judgeAccounts(OpToken, a, "access_token") }

// judgeAccounts is judgeToken for any door of the accounts host, whose answer is to hold the key want; ""
// for whatever is no refusal.
func judgeAccounts(op string, a *answer, want string) *Error {
	o, _ := a.value.(object)
	f := readFinding(o)
	e := &Error{Op: op, Status: a.status, Code: f.code, Message: f.message, Index: -1}
	switch kind := kindOfStatus(a.status); {
	case kind == Throttled, f.code != "" && readSentence(f.code+" "+f.message).tooMany:
		e.Kind, e.RetryAfter = TokenThrottled, tokenBlock
	case kind != 0:
		e.Kind = kind
	case a.fault != nil:
		_, e.Message = unreadable(a, a.fault)
		e.Kind = BadAnswer
	case f.code != "":
		e.Kind = SignIn
	case !a.success() || want != "" && o.text(want) == "":
		e.Kind, e.Message = BadAnswer, "the answer holds no "+strings.ReplaceAll(want, "_", " ")
		if want == "" {
			e.Message = "the answer is no success"
		}
	default:
		return nil
	}
	return e.settleToken()
}

// readAccess reads the token and how long it lives.
func (t *Tokens) readAccess(a *answer) access {
	o, _ := a.value.(object)
	now := a.at.Round(0)
	return access{
		token:     NewSecret(strings.TrimSpace(o.text("access_token"))),
		got:       now,
		expires:   now.Add(lifeOf(o)),
		apiDomain: t.believe(strings.TrimSuffix(o.text("api_domain"), "/")),
	}
}

// lifeOf reads expires_in, which some of Zoho's products give in milliseconds, with the seconds beside it.
func lifeOf(o object) time.Duration {
	for _, key := range []string{"expires_in_sec", "expires_in"} {
		n, err := strconv.ParseInt(o.text(key), 10, 64)
		if err != nil || n <= 0 {
			continue
		}
		if n > int64(maxTokenLife/time.Second) {
			n /= 1000
		}
		return time.Duration(min(n, int64(maxTokenLife/time.Second))) * time.Second
	}
	return tokenLife
}

// believe returns the api_domain of a token answer if tokens may go there, else "". An answer from afar
// does not point to this machine.
func (t *Tokens) believe(domain string) string {
	if err := believable(domain, t.cfg.Accounts, t.cfg.AllowHosts); err != nil {
		t.log.Warn("api_domain of the token answer ignored", "error", err)
		return ""
	}
	return domain
}

// noteToken logs a token call in one line.
func (t *Tokens) noteToken(e *Error) {
	if e == nil {
		t.log.Debug("access token renewed")
		return
	}
	t.log.Debug("access token not renewed", "status", e.Status, "kind", e.Kind.String(), "code", e.Code, "error", e.Error())
}
