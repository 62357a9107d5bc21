package sim

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// GrantCode is a code that somebody has generated for a Self Client in the API console.
type GrantCode struct {
	Code  string
	Scope string        // blanks between; empty means TokenConfig.Scope
	Life  time.Duration // from the making of the organisation; 0 means 10 minutes
}

// device is a sign-in that waits for a person.
type device struct {
	code, user string
	scope      string
	began      time.Time
	polled     time.Time
	state      consent
	done       bool // its tokens were given out
}

// consent is what a person has said to a device.
type consent int

const (
	undecided consent = iota
	granted
	declined
)

const (
	codeLife   = 10 * time.Minute
	deviceLife = 5 * time.Minute
)

// exchange judges the code of a Self Client: each is good once. Without a list of codes any will do.
func (t *tokens) exchange(code string, now time.Time) (scope string, ok bool) {
	if code == "" || slices.Contains(t.codes, code) {
		return "", false
	}
	scope = t.cfg.Scope
	if t.cfg.Codes != nil {
		i := slices.IndexFunc(t.cfg.Codes, func(c GrantCode) bool { return c.Code == code })
		if i < 0 || !now.Before(t.began.Add(orDefault(t.cfg.Codes[i].Life, codeLife))) {
			return "", false
		}
		if t.cfg.Codes[i].Scope != "" {
			scope = t.cfg.Codes[i].Scope
		}
	}
	t.codes = append(t.codes, code)
	return scope, true
}

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}

// startDevice gives out a device code, and the user code that a person is to type.
func (t *tokens) startDevice(form url.Values, now time.Time, host string) answer {
	switch {
	case !fits(t.cfg.ClientID, form.Get("client_id")):
		return tokenError("invalid_client")
	case form.Get("grant_type") != "device_request":
		return tokenError("general_error")
	case form.Get("scope") == "" || !t.knowsScopes(form.Get("scope")):
		return tokenError("invalid_scope")
	}
	text := t.text()
	d := &device{
		code: text, user: strings.ToUpper(fmt.Sprintf("%s-%s", text[5:9], text[9:13])), began: now,
		scope: strings.ReplaceAll(form.Get("scope"), ",", " "),
	}
	t.devices = append(t.devices, d)
	page := host
	if t.cfg.DevicePage != "" {
		page = t.cfg.DevicePage
	}
	return shown(object{
		"user_code": d.user, "device_code": d.code, "verification_url": page + "/oauth/v3/device",
		"interval": int(orDefault(t.cfg.DeviceInterval, 5*time.Second) / time.Millisecond), "expires_in": int(deviceLife / time.Millisecond),
	})
}

func (t *tokens) knowsScopes(list string) bool {
	return t.cfg.Known == nil || !slices.ContainsFunc(strings.Split(list, ","), func(scope string) bool {
		return !slices.Contains(t.cfg.Known, scope)
	})
}

// pollDevice says what has become of a device's sign-in, and gives out its tokens once.
func (t *tokens) pollDevice(form url.Values, now time.Time, host string) answer {
	if refused, ok := t.knowsClient(form); !ok {
		return refused
	}
	i := slices.IndexFunc(t.devices, func(d *device) bool { return d.code == form.Get("code") })
	if form.Get("grant_type") != "device_token" || i < 0 || t.devices[i].done {
		return tokenError("invalid_code")
	}
	d := t.devices[i]
	soon := !d.polled.IsZero() && now.Sub(d.polled) < orDefault(t.cfg.DeviceInterval, 5*time.Second)
	d.polled = now
	if after := t.cfg.DeviceAfter; d.state == undecided && after > 0 && now.Sub(d.began) >= after {
		d.state = granted
	}
	switch {
	case now.Sub(d.began) >= deviceLife:
		return tokenError("expired")
	case soon:
		return tokenError("slow_down")
	case d.state == declined:
		return tokenError("access_denied")
	case d.state == undecided:
		return tokenError("authorization_pending")
	}
	a := t.give(now, host, object{"refresh_token": t.newRefresh(), "scope": d.scope})
	d.done = a.code == ""
	return a
}

// Consent lets the person who was asked to type a user code grant what a device asks for, or decline it.
// It fails where no device waits for that code.
func (o *Org) Consent(userCode string, grant bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.tokens.devices {
		if d.user != userCode || d.done || time.Since(d.began) >= deviceLife {
			continue
		}
		d.state = declined
		if grant {
			d.state = granted
		}
		return nil
	}
	return fmt.Errorf("no device waits for the code %q", userCode)
}
