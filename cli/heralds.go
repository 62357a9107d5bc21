package cli

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"
)

// noticeTimeout is how long whoever is told may take. A run that is over must not hang on them.
const noticeTimeout = 10 * time.Second

// heralds are those who else is told of a run, besides the screen.
type heralds struct {
	notices []target
	metrics string // a file; "" for none
}

// target is one that is told how a sitting ended: a command's words, or an address.
type target struct {
	words []string
	url   string
}

// name says which target it is, and nothing that an address or an argument may hold in confidence.
func (t target) name() string {
	if t.url == "" {
		return clean(t.words[0])
	}
	u, err := url.Parse(t.url)
	if err != nil {
		return "an address"
	}
	return u.Scheme + "://" + clean(u.Host)
}

// heralds reads --notify and --metrics.
func (a *app) heralds(v values) (heralds, error) {
	t := heralds{metrics: a.world.path(v["metrics"].text)}
	if err := mayMeasure(t.metrics); err != nil {
		return t, err
	}
	for line := range strings.Lines(v["notify"].text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		one, err := parseTarget(line)
		if err != nil {
			return t, usage(sayer("notify", v["notify"])+": "+err.Error(),
				"give a command, such as 'mail -s zlock ops@example.com', or an https:// address")
		}
		if u, err := url.Parse(one.url); err == nil && one.url != "" { // whoever knows the path can post there
			a.hide(strings.Trim(u.RequestURI(), "/"))
		}
		t.notices = append(t.notices, one)
	}
	return t, nil
}

// sayer names who gave a value that is not to be repeated.
func sayer(name string, v value) string {
	switch {
	case v.environment():
		return variable(name)
	case v.flag:
		return "--" + name
	}
	return name + " of the profile"
}

// parseTarget reads one --notify. Its errors do not repeat the text: an address may be a secret.
func parseTarget(text string) (target, error) {
	if scheme, _, ok := strings.Cut(text, "://"); ok && !strings.ContainsAny(scheme, ` /\'"`) {
		return parseAddress(text)
	}
	words, err := splitWords(text)
	if err == nil && words[0] == "" {
		err = errors.New("the command has no name")
	}
	return target{words: words}, err
}

func parseAddress(text string) (target, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return target{}, errors.New("not an address")
	case u.User != nil:
		return target{}, errors.New("an address with a user name or password in it is not taken")
	case u.Scheme == "https", u.Scheme == "http" && loopback(text):
		return target{url: text}, nil
	case u.Scheme == "http":
		return target{}, errors.New("http goes to this machine alone; others need https")
	}
	return target{}, errors.New("an address begins with https://")
}

// toTell is who is told of this sitting: nobody of one that speaks for itself.
func (s *sitting) toTell() heralds {
	if s.concluding != nil && !s.tells {
		return heralds{}
	}
	return s.pace.heralds
}

// tellOthers gives a notice of how the sitting ended to everybody who is to have it, all at once. What goes
// wrong is told on the screen: the run is what it is.
func (s *sitting) tellOthers(code int, why string) {
	targets := s.toTell().notices
	if s.announced || len(targets) == 0 {
		return
	}
	s.announced = true
	if s.owner != nil {
		s.owner.Release() // nobody needs to wait for this
	}
	body, err := encodeJSON(s.newNotice(code, why))
	if err != nil {
		s.screen.warn("the notice could not be written: %v", clean(err.Error()))
		return
	}
	body = append(s.world.hidden.RedactData(body), '\n')
	// A signal has ended the work already, or ends nothing that a few seconds would not.
	ctx := context.WithoutCancel(s.bell.hard)
	var group sync.WaitGroup
	for _, t := range targets {
		group.Go(func() {
			if err := s.world.deliver(ctx, t, body, noticeTimeout); err != nil {
				s.screen.warn("%s was not told: %s", t.name(), clean(err.Error()))
			}
		})
	}
	group.Wait()
}
