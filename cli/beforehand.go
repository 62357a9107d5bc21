package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"zlock/batch"
	"zlock/zoho"
)

// looksOn reports whether a person sits there who could notice, before the first change, that it is the
// wrong organisation, user or file.
func (l *launch) looksOn() bool {
	return l.world.InTerminal && l.world.ErrTerminal && !l.org.simulated && !l.screen.quiet
}

// tellWhoAndWhat shows a person whose records a run is about to change, as whom, and what comes first.
// What is not known of organisation and user is asked for, at one credit each.
func (l *launch) tellWhoAndWhat(ctx context.Context, sum batch.Summary) error {
	if !l.looksOn() || sum.Rows == 0 {
		return nil
	}
	user, err := l.whoAndWhere(ctx)
	if err != nil {
		return err
	}
	dc, environment := placeOf(l.org.accounts, l.org.api)
	where := host(l.org.api)
	if dc != "" {
		where = strings.TrimSuffix(fmt.Sprintf("data centre %s, %s", dc, environment), ", ")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  org:  %s, %s\n  user: %s\n", orElse(l.org.title, "not known"), where, clean(orElse(user.Name, "not known")))
	if len(sum.Sample) > 0 { // the rows of an undo were listed already
		title := "first row"
		if len(sum.Sample) > 1 {
			title = fmt.Sprintf("first %d rows", len(sum.Sample))
		}
		fmt.Fprintf(&b, "  %s:\n", title)
	}
	t := newTable()
	for _, row := range sum.Sample {
		reason := ""
		if row.Reason != "" {
			reason = `"` + cleanTo(row.Reason, 40) + `"`
		}
		t.add(fmt.Sprintf("line %d", row.Line), string(row.Action), clean(row.Module), clean(row.RecordID), reason)
	}
	t.print(&b, "    ")
	l.screen.say("%s", strings.TrimRight(b.String(), "\n"))
	return nil
}

// whoAndWhere finds out which organisation and user these are, as far as nothing of it is known. Only a
// refused sign-in is an error: what cannot be read is shown as not known, and the run is no worse for it.
func (l *launch) whoAndWhere(ctx context.Context) (zoho.User, error) {
	look := &sitting{app: l.app, place: l.place, org: l.org, pace: l.pace, db: l.db, run: batch.Run{ID: l.runID}}
	user := look.me(ctx)
	if user.Name != "" && l.org.title != "" {
		return user, nil
	}
	if err := look.connect(ctx); err != nil {
		return user, err
	}
	client := look.client.Metered(&l.looked)
	if l.org.title == "" {
		switch got, err := client.Organisation(ctx); {
		case err == nil:
			if err := l.org.compare(got); err != nil {
				return user, err
			}
		case !unreadable(err):
			return user, err
		}
	}
	if user.Name == "" {
		switch got, err := client.CurrentUser(ctx); {
		case err == nil:
			user = got
			look.learn(ctx, user)
		case !unreadable(err):
			return user, err
		}
	}
	return user, nil
}

// unreadable reports that something could not be read for a reason that does not keep rows from being
// worked: no scope for it, or trouble that passes.
func unreadable(err error) bool {
	var e *zoho.Error
	return errors.As(err, &e) && e.Kind != zoho.SignIn
}
