package zoho

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	deviceInterval = 30 * time.Second // between two polls where the answer does not say, and after slow_down
	deviceLife     = 5 * time.Minute  // of a user code, where the answer does not say
	slowerBy       = 5 * time.Second  // what slow_down adds at least
	maxInterval    = time.Minute
	maxDeviceLife  = time.Hour
	maxMoves       = 3 // other data centres that are followed
)

// Device is a sign-in that waits for a person: they open Page in any browser and type UserCode.
type Device struct {
	Page     string // an address of the accounts server
	UserCode string
	Interval time.Duration // between two polls
	Expires  time.Time     // wall clock
	code     Secret
}

// StartDevice asks for a device code for the scopes. It follows the page "Initiation request" of the
// devices' flow; a page to open that is not the accounts server's own is replaced by the documented one.
func (s *Consent) StartDevice(ctx context.Context, scopes []string) (Device, error) {
	a, e := s.post(ctx, OpDevice, s.cfg.Accounts+"/oauth/v3/device/code", url.Values{
		"grant_type": {"device_request"}, "client_id": {s.cfg.ClientID}, "scope": {strings.Join(scopes, ",")},
		"access_type": {"offline"}, "prompt": {"consent"}, // without it a second sign-in gets no refresh token
	}, "device_code")
	if e != nil {
		if strings.EqualFold(e.Code, "invalid_scope") {
			e.Hint = "the data centre does not know one of the scopes: ask for fewer"
		}
		return Device{}, e
	}
	o, _ := a.value.(object)
	d := Device{
		Page: s.page(o), UserCode: strings.TrimSpace(o.text("user_code")), code: NewSecret(o.text("device_code")),
		Interval: spanOf(o, "interval", deviceInterval, maxInterval),
		Expires:  a.at.Round(0).Add(spanOf(o, "expires_in", deviceLife, maxDeviceLife)),
	}
	if d.UserCode == "" {
		return Device{}, badAccountsAnswer(OpDevice, a, "the answer holds no code to type")
	}
	return d, nil
}

// page is where a person types the code: they will sign in there, so that it must be Zoho's.
func (s *Consent) page(o object) string {
	page := o.text("verification_url")
	if page == "" {
		page = o.text("verification_uri")
	}
	u, err := url.Parse(page)
	if err == nil && believable(u.Scheme+"://"+u.Host, s.cfg.Accounts, s.cfg.AllowHosts) == nil && u.User == nil && u.Host != "" {
		return page
	}
	s.log.Warn("page to open ignored: it is none of Zoho's", "host", u.Redacted())
	return s.cfg.Accounts + "/oauth/v3/device"
}

// spanOf reads a number of seconds, which Zoho gives in milliseconds at times: more than most seconds can
// only be those.
func spanOf(o object, key string, def, most time.Duration) time.Duration {
	n, err := strconv.ParseInt(o.text(key), 10, 64)
	if err != nil || n <= 0 {
		return def
	}
	if n > int64(most/time.Second) {
		n /= 1000
	}
	return time.Duration(min(max(n, 1), int64(most/time.Second))) * time.Second
}

// AwaitDevice polls, no more often than it was told to, until the person has consented or declined, or
// until the code has expired. Where the person belongs to another data centre it goes on there. It follows
// the page "Polling request" of the devices' flow.
func (s *Consent) AwaitDevice(ctx context.Context, d Device) (Grant, error) {
	at, interval := s.cfg.Accounts, d.Interval
	for moves := 0; ; {
		if left := d.Expires.Sub(wallNow()); left <= 0 {
			return Grant{}, deviceEnded("expired", "nobody typed the code in time")
		}
		if err := pauseFor(ctx, interval); err != nil {
			return Grant{}, (&Error{Op: OpDevice, Index: -1, Kind: NotSent, Err: err}).settleToken()
		}
		a, e := s.post(ctx, OpDevice, at+"/oauth/v3/device/token", url.Values{
			"grant_type": {"device_token"}, "client_id": {s.cfg.ClientID},
			"client_secret": {s.cfg.ClientSecret.Reveal()}, "code": {d.code.Reveal()},
		}, "access_token", d.code)
		if e == nil {
			return s.grant(a, at)
		}
		switch strings.ToLower(e.Code) {
		case "authorization_pending":
		case "slow_down":
			interval = min(max(interval+slowerBy, deviceInterval), maxInterval)
		case "other_dc":
			moves++
			next, err := s.move(a, at, moves)
			if err != nil {
				return Grant{}, err
			}
			at = next
		default:
			if !e.passes() {
				return Grant{}, deviceRefused(e)
			}
		}
	}
}

// passes reports trouble that says nothing about the sign-in.
func (e *Error) passes() bool {
	return e.Kind == NoAnswer || e.Kind == ServerFault || e.Kind == NotSent && !errors.Is(e.Err, context.Canceled)
}

// move returns the accounts host of the data centre in which the person is.
func (s *Consent) move(a *answer, at string, moves int) (string, error) {
	o, _ := a.value.(object)
	name := o.text("user_location")
	if name == "" {
		name = o.text("dc")
	}
	dc, ok := DataCentre(name)
	if !ok || moves > maxMoves || loopbackURL(at) {
		return "", badAccountsAnswer(OpDevice, a, fmt.Sprintf("it names another data centre, %.20q, where nothing of ours may go", name))
	}
	s.log.Info("the person belongs to another data centre", "dc", dc.Name)
	return dc.Accounts, nil
}

// deviceRefused gives the flow's own refusals their sentence.
func deviceRefused(e *Error) *Error {
	switch strings.ToLower(e.Code) {
	case "access_denied":
		return deviceEnded(e.Code, "it was declined in the browser")
	case "expired", "expired_token":
		return deviceEnded(e.Code, "nobody typed the code in time")
	}
	return e
}

func deviceEnded(code, what string) *Error {
	return (&Error{Op: OpDevice, Index: -1, Kind: SignIn, Code: code, Message: what, Hint: "start again: zlock auth login --device"}).settleToken()
}
