package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"zlock/zoho"
)

// skewBorne is how far our clock may be off before it matters: the clocks tell by time alone whose a
// lock is, and the credits of 24 hours go by ours.
const skewBorne = time.Minute

// settled looks at the settings and the credentials; false where no call can be made with them.
func (c *checkup) settled() bool {
	var err error
	if c.org, err = c.app.org(c.place, c.values); err != nil {
		c.unusable("credentials", err)
		return false
	}
	if c.pace, err = c.app.pace(c.values, c.org.edition); err != nil {
		c.unusable("settings", err)
		return false
	}
	how := "an access token, which lasts an hour"
	if !c.org.credentials.refresh.IsZero() {
		how = "a refresh token of client " + cleanTo(c.org.credentials.clientID, 12)
	}
	c.ok("credentials", "%s, profile %s", how, c.place.profile.name)
	c.ok("hosts", "API %s, accounts %s, %s", host(c.org.api), host(c.org.accounts), c.org.version)
	return true
}

// unusable notes settings that cannot be used.
func (c *checkup) unusable(check string, err error) {
	said := c.explain(err)
	c.fail(exitUsage, check, strings.Join(said.hints, "; "), "%s", said.sentence)
}

// ready prepares the calls.
func (c *checkup) ready() bool {
	limits := zoho.LimiterConfig{Cap: inquiryAtOnce}
	if c.probe != (zoho.Record{}) {
		limits.Cap, limits.Open = zoho.MaxParts, zoho.MaxParts
	}
	var err error
	if c.inquiry, err = c.inquireWithin(c.place, c.org, limits); err != nil {
		c.unusable("hosts", err)
	}
	return err == nil
}

// signIn asks for an access token.
func (c *checkup) signIn(ctx context.Context) bool {
	err := c.inquiry.ask(ctx, func(ctx context.Context) error {
		_, err := c.inquiry.tokens.Token(ctx)
		return err
	})
	if err != nil {
		return c.refused("sign-in", err)
	}
	text := "an access token is at hand"
	if ends := c.inquiry.tokens.Expires(); !ends.IsZero() {
		text += ", good for " + span(ends.Sub(c.world.Now()))
	}
	c.ok("sign-in", "%s", text)
	if at := c.inquiry.tokens.APIDomain(); at != "" && host(at) != host(c.org.api) {
		c.warn("data centre", "check --dc and --api-url", "the sign-in says that its API is at %s, and calls go to %s", host(at), host(c.org.api))
	}
	return true
}

// organisation asks where the sign-in leads to, and compares the edition with the one that was set.
func (c *checkup) organisation(ctx context.Context) bool {
	found, err := c.inquiry.organisation(ctx)
	if err != nil {
		return c.refused("org", err)
	}
	if err := c.org.compare(found); err != nil {
		said := c.explain(err)
		c.fail(said.code, "org", strings.Join(said.hints, "; "), "%s", said.sentence)
		return false
	}
	c.ok("org", "%s", named(found))
	c.edition(found.Edition)
	return true
}

// editionOf is the setting that stands for what Zoho calls an edition; "" where there is none.
func editionOf(paid string) string {
	switch paid {
	case "zohooneenterprise":
		return "enterprise"
	case "crmplus":
		return "ultimate"
	case "free", "standard", "professional", "enterprise", "ultimate":
		return paid
	}
	return ""
}

func (c *checkup) edition(paid string) {
	set, found := c.org.edition.name, editionOf(paid)
	switch {
	case paid == "":
		c.warn("edition", "", "Zoho does not say which")
	case found == "":
		c.ok("edition", "%s, for which zlock knows no limits of its own", paid)
	case set == "":
		c.warn("edition", "give --edition "+found+", or set it in the profile: more calls at once",
			"%s, and none is set: %s at once are made", paid, counted(c.pace.concurrency, "call", "calls"))
	case set != found:
		c.warn("edition", "give --edition "+found, "%s, and %s is set", paid, set)
	default:
		c.ok("edition", "%s, as set", paid)
	}
}

// user asks who is signed in.
func (c *checkup) user(ctx context.Context) bool {
	var me zoho.Person
	err := c.inquiry.ask(ctx, func(ctx context.Context) (err error) {
		me, err = c.inquiry.client.CurrentPerson(ctx)
		return err
	})
	if err != nil {
		return c.refused("user", err)
	}
	c.profile = me.Profile
	text := personText(me.User)
	if me.Profile.String() != "" {
		text += ", profile " + me.Profile.String()
	}
	c.ok("user", "%s", text)
	return true
}

// refused notes a call that was refused. Without the scope or the permission for one of these reads, it
// is not known what it would tell, and a run gets along; everything else would meet a run too. It
// reports whether further calls make sense.
func (c *checkup) refused(check string, err error) bool {
	var e *zoho.Error
	if !errors.As(err, &e) {
		c.fail(exitPerson, check, "", "%s", err)
		return false
	}
	if e.Op != zoho.OpToken && !waylaid(e) && slices.Contains([]zoho.Kind{zoho.ScopeMissing, zoho.NoPermission, zoho.RequestRefused, zoho.BadAnswer}, e.Kind) {
		c.warn(check, e.Hint, "not known: %s", e)
		return true
	}
	todo := e.Hint
	if todo == "" && e.Phase != zoho.PhaseDefinite {
		todo = "try again later; a run waits for Zoho up to --max-outage"
	}
	c.fail(exitPerson, check, todo, "%s", e)
	return false
}

// clock compares Zoho's clock with ours, by the answers so far.
func (c *checkup) clock() {
	off, known := c.inquiry.client.Offset()
	switch {
	case !known:
	case off.Abs() <= skewBorne:
		c.ok("clock", "within %s of Zoho's", span(max(off.Abs(), time.Second)))
	case off > 0:
		c.warn("clock", "have this machine's clock set by NTP", "%s behind Zoho's", span(off))
	default:
		c.warn("clock", "have this machine's clock set by NTP", "%s ahead of Zoho's", span(-off))
	}
}

// credits says what was spent of the org's credits.
func (c *checkup) credits() {
	seen := c.inquiry.limiter.Snapshot()
	spent, left := int64(seen.Spent24h), ""
	if seen.Remaining >= 0 {
		left = "; Zoho says that " + number(int64(seen.Remaining)) + " remain"
	}
	if spent >= c.pace.allowance || seen.Remaining == 0 {
		c.warn("credits", "a run waits or stops (--on-budget) until some come back",
			"%s of %s spent in 24 hours, as far as zlock knows%s", number(spent), number(c.pace.allowance), left)
		return
	}
	c.ok("credits", "%s of %s spent in 24 hours, as far as zlock knows%s", number(spent), number(c.pace.allowance), left)
}
