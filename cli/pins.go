package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"zlock/batch"
	"zlock/zoho"
)

// pin says which organisation an org must be, and who said so.
type pin struct {
	who    string            // "--expect-org Acme", "the sign-in of 2026-10-02"
	text   string            // an id, a number or a name; or
	org    zoho.Organisation // the organisation itself
	strict bool              // not being able to tell is a refusal too
}

func (p pin) fits(o zoho.Organisation) bool {
	if p.text != "" {
		return o.Answers(p.text)
	}
	return p.org.Same(o)
}

// wants names the organisation that the pin stands for.
func (p pin) wants() string {
	if p.text != "" {
		return clean(p.text)
	}
	return named(p.org)
}

// named is an organisation as people tell it from others.
func named(o zoho.Organisation) string {
	id := orElse(o.Number, o.ID)
	if o.Name == "" {
		return "org " + clean(id)
	}
	return fmt.Sprintf("%s (org %s)", clean(o.Name), clean(id))
}

// foreignOrgError is a sign-in that leads to another organisation than it must.
type foreignOrgError struct {
	pin pin
	met zoho.Organisation
}

// Error names both.
func (e *foreignOrgError) Error() string {
	met, wants := named(e.met), e.pin.wants()
	if met == wants || e.pin.org.Number != "" && e.pin.org.Number == e.met.Number { // told apart by the ids of their records
		met, wants = met+", id "+clean(e.met.ID), wants+", id "+clean(e.pin.org.ID)
	}
	return fmt.Sprintf("wrong org: the sign-in leads to %s, and %s wants %s; nothing was changed", met, e.pin.who, wants)
}

// unknownOrgError is an organisation that cannot be told, where somebody wants to be sure of it.
type unknownOrgError struct {
	pin pin
	err error
}

// Error says who wants to know, and why it is not known.
func (e *unknownOrgError) Error() string {
	return fmt.Sprintf("which org the sign-in leads to is not known, and %s wants %s: %v; nothing was changed", e.pin.who, e.pin.wants(), e.err)
}

// Unwrap returns what Zoho said.
func (e *unknownOrgError) Unwrap() error { return e.err }

// pinComplaint explains both.
func pinComplaint(err error) (complaint, bool) {
	var foreign *foreignOrgError
	var unknown *unknownOrgError
	switch {
	case errors.As(err, &foreign):
		return complaint{exitPerson, foreign.Error(), []string{
			"look at the profile and the data centre: zlock auth status; zlock auth login signs in elsewhere"}}, true
	case errors.As(err, &unknown):
		return complaint{exitPerson, unknown.Error(), []string{"sign in with the scope ZohoCRM.org.READ as well: zlock auth login"}}, true
	}
	return complaint{}, false
}

// The names under which a run keeps the organisation that it met first.
const (
	keyMetID     = "met-org-id"
	keyMetNumber = "met-org-number"
	keyMetName   = "met-org-name"
)

func keepMet(o zoho.Organisation, settings map[string]string) {
	if o.ID == "" {
		return
	}
	settings[keyMetID], settings[keyMetNumber], settings[keyMetName] = o.ID, o.Number, o.Name
}

// metBy is the organisation that a run met first; zero where it never looked.
func metBy(run batch.Run) zoho.Organisation {
	return zoho.Organisation{ID: run.Settings[keyMetID], Number: run.Settings[keyMetNumber], Name: run.Settings[keyMetName]}
}

// pinned takes in who has a say on which organisation this must be: a flag, the profile, the sign-in.
func (o *org) pinned(v values, s *signIn) error {
	read := parser{values: v}
	o.confirm = read.flag("confirm-org")
	if v["expect-org"].text != "" {
		who := "--expect-org"
		if v["expect-org"].environment() {
			who = variable("expect-org")
		}
		o.pins = append(o.pins, pin{who: who, text: v["expect-org"].text, strict: true})
	}
	if v["org"].text != "" {
		o.pins = append(o.pins, pin{who: "profile " + o.profile, text: v["org"].text, strict: true})
	}
	if s != nil && s.Org.ID != "" {
		o.pins = append(o.pins, pin{who: "the sign-in of " + s.At.UTC().Format(time.DateOnly), org: s.Org.org()})
		o.title = named(s.Org.org())
	}
	return read.err
}

// expected reports whether somebody has named the organisation for this very command.
func (o *org) expected() bool {
	for _, p := range o.pins {
		if p.text != "" && p.who != "profile "+o.profile {
			return true
		}
	}
	return false
}

// compare holds an organisation against the pins. The one that every pin admits has been met.
func (o *org) compare(got zoho.Organisation) error {
	for _, p := range o.pins {
		if !p.fits(got) {
			return &foreignOrgError{p, got}
		}
	}
	o.met = got
	o.title = named(got)
	return nil
}

// unknown is what it means that the organisation cannot be told: a refusal where somebody wants to be
// sure, else a warning.
func (a *app) unknown(o *org, err error) error {
	for _, p := range o.pins {
		if p.strict {
			return &unknownOrgError{p, err}
		}
	}
	a.screen.warn("which org this is could not be read, so that it is not compared with the pinned one (%s): %s",
		o.pins[0].wants(), clean(err.Error()))
	o.pins = nil // said once
	return nil
}

// meetOrg looks which organisation answers before a run is enrolled, where anybody has a say on that, so
// that the wrong one leaves no run behind. What only passes is left to the run's first stint.
func (l *launch) meetOrg(ctx context.Context) error {
	if l.org.simulated || len(l.org.pins) == 0 {
		return nil
	}
	look := &sitting{app: l.app, place: l.place, org: l.org, pace: l.pace, db: l.db, run: batch.Run{ID: l.runID}}
	if err := look.connect(ctx); err != nil {
		return err
	}
	got, err := look.client.Metered(&l.looked).Organisation(ctx)
	if err == nil {
		return l.org.compare(got)
	}
	var e *zoho.Error
	if errors.As(err, &e) && passing(e) {
		return nil
	}
	return l.org.judge(l.app, err)
}

// beSure has a person say which org they mean, and looks whether it is the one that answers, before
// anything about the run is changed. What cannot be told now is left to the first stint, which looks again.
func (s *sitting) beSure(ctx context.Context) error {
	if err := s.app.confirm(ctx, &s.org); err != nil {
		return err
	}
	strict := slices.ContainsFunc(s.org.pins, func(p pin) bool { return p.strict })
	if s.org.simulated || !strict || s.org.met.ID != "" {
		return nil
	}
	s.pinToRun()
	if err := s.connect(ctx); err != nil {
		return err
	}
	defer s.close()
	var meter zoho.Meter
	got, err := s.client.Metered(&meter).Organisation(ctx)
	s.before.credits += int64(meter.Credits) // --max-credits counts it
	if booked := s.db.Book(context.WithoutCancel(ctx), s.org.key, s.run.ID, meter.Calls, meter.Credits, s.world.Now()); booked != nil {
		return booked
	}
	var e *zoho.Error
	switch {
	case err == nil:
		return s.org.compare(got)
	case errors.As(err, &e) && passing(e):
		return nil
	}
	return s.org.judge(s.app, err)
}

// judge tells a refusal to say which organisation it is from a refused sign-in.
func (o *org) judge(a *app, err error) error {
	var e *zoho.Error
	if errors.As(err, &e) && !waylaid(e) && (e.Kind == zoho.ScopeMissing || e.Kind == zoho.NoPermission || e.Kind == zoho.RequestRefused || e.Kind == zoho.BadAnswer) {
		return a.unknown(o, err)
	}
	return err
}

// passing reports trouble that another try may not meet.
func passing(e *zoho.Error) bool {
	switch e.Kind {
	case zoho.NotSent, zoho.NoAnswer, zoho.ServerFault, zoho.Throttled, zoho.TokenThrottled, zoho.Stopped:
		return true
	}
	return waylaid(e)
}

// waylaid reports a call that somebody between us and Zoho answered who asks for a sign-in of their own. It
// says nothing of what Zoho would tell, and the next call may get through: no look is left out for it.
func waylaid(e *zoho.Error) bool {
	return e.Kind == zoho.BadAnswer && e.Status == http.StatusUnauthorized && e.Op != zoho.OpToken
}

// bookLook books the look at the organisation that was made before the run was there.
func (l *launch) bookLook(ctx context.Context, runID string) {
	if l.looked.Calls == 0 {
		return
	}
	if err := l.db.Book(context.WithoutCancel(ctx), l.org.key, runID, l.looked.Calls, l.looked.Credits, l.world.Now()); err != nil {
		l.log.Warn("the look at the organisation is not booked", "error", err)
	}
}

// lookPause is what lies between two tries at least; the limiter makes it longer.
const lookPause = time.Second

// knowOrg looks which organisation answers, at the first stint of a sitting, unless that is known or
// nobody has a say on it. Held up for long it returns how the stint ends; another organisation is an error.
func (s *sitting) knowOrg(ctx context.Context) (held *batch.Report, err error) {
	if s.org.simulated || s.org.met.ID != "" {
		return nil, nil
	}
	s.pinToRun()
	if len(s.org.pins) == 0 {
		return nil, nil
	}
	var meter zoho.Meter
	defer func() {
		if booked := s.db.Book(ctx, s.org.key, s.run.ID, meter.Calls, meter.Credits, s.world.Now()); booked != nil && err == nil {
			err = booked
		}
	}()
	for {
		got, err := s.client.Metered(&meter).Organisation(s.bell.soft)
		if err == nil {
			return nil, s.org.compare(got)
		}
		var e *zoho.Error
		if !errors.As(err, &e) || !passing(e) {
			return nil, s.org.judge(s.app, err)
		}
		if report := heldUp(err, s.bell.soft); report != nil {
			return report, nil
		}
		pause := max(e.RetryAfter, lookPause)
		if until := s.pace.until; !until.IsZero() && time.Now().Add(pause).After(until) {
			return &batch.Report{StoppedBy: batch.StopDuration, Why: "its time was up before Zoho said which organisation it is"}, nil
		}
		if pauseFor(s.bell.soft, pause) != nil {
			return heldUp(err, s.bell.soft), nil
		}
	}
}

// pinToRun gives the run a say: it goes on with the organisation that it met first.
func (s *sitting) pinToRun() {
	if earlier := metBy(s.run); earlier.ID != "" {
		s.org.pins = append(s.org.pins, pin{who: "run " + s.run.ID, org: earlier})
	}
}

// heldUp is how a stint ends that could not even begin: by a signal, or by what the limiter says; nil
// where another try is due.
func heldUp(err error, soft context.Context) *batch.Report {
	if soft.Err() != nil {
		return &batch.Report{StoppedBy: batch.StopSignal, Why: "stopped by a signal"}
	}
	var stop *zoho.StopError
	if !errors.As(err, &stop) {
		return nil
	}
	report := batch.Report{Why: stop.Reason, ResumeAt: stop.Until, Rolls: stop.Rolls}
	report.StoppedBy = map[string]batch.StopCause{
		zoho.CauseBudget: batch.StopBudget, zoho.CauseWindow: batch.StopWindow, zoho.CauseOutage: batch.StopOutage,
	}[stop.Cause]
	return &report
}

// meet looks which organisation answers before a command that is no run changes something there.
func (q *inquiry) meet(ctx context.Context) error {
	if len(q.org.pins) == 0 || q.org.met.ID != "" {
		return nil
	}
	got, err := q.organisation(ctx)
	if err != nil {
		return q.org.judge(q.app, err)
	}
	return q.org.compare(got)
}

func (q *inquiry) organisation(ctx context.Context) (got zoho.Organisation, err error) {
	err = q.ask(ctx, func(ctx context.Context) (err error) {
		got, err = q.client.Organisation(ctx)
		return err
	})
	return got, err
}

func (q *inquiry) user(ctx context.Context) (me zoho.User, err error) {
	err = q.ask(ctx, func(ctx context.Context) (err error) {
		me, err = q.client.CurrentUser(ctx)
		return err
	})
	return me, err
}
