package cli

import (
	"context"
	"fmt"
	"strings"

	"zlock/batch"
)

// guardSettings are what keeps careless hands from the wrong org, or from too much of the right one. What
// stands in the file alone cannot be waved aside by whoever types the command.
func guardSettings() []setting {
	return []setting{
		{name: "org", arg: "ID", profiled: true, fileOnly: true},
		{name: "client-id", arg: "ID", profiled: true, fileOnly: true},
		{name: "confirm-org", kind: toggle, profiled: true, fileOnly: true},
		{name: "max-unlocks", arg: "N", profiled: true, fileOnly: true},
		{name: "require-ticket", kind: toggle, profiled: true, fileOnly: true},
		{name: "expect-org", arg: "ID|NAME", help: "exit 4, before any change, unless it is this organisation"},
		{name: "expect-rows", arg: "N", help: "exit 2, with nothing sent, unless the job file has N rows"},
		{name: "ticket", arg: "TEXT", help: "on whose order: a text that is kept with the run"},
		{name: "store", arg: "WHERE", help: "keep the sign-in in the keyring, or in a file that only you may read", profiled: true},
	}
}

// runGuards are the flags among them that a command takes which starts runs.
func runGuards() []string { return []string{"expect-org", "expect-rows", "ticket"} }

const mostTicket = 200 // characters of a ticket

// guards are the settings of guardSettings that concern one run.
type guards struct {
	rows       int64 // that the job file must have; negative where nobody said
	maxUnlocks int64 // negative where nobody said
	needTicket bool
	ticket     string
}

func readGuards(read *parser) guards {
	g := guards{
		rows: read.count("expect-rows", -1, 0, 1_000_000_000), maxUnlocks: read.count("max-unlocks", -1, 0, 1_000_000_000),
		needTicket: read.flag("require-ticket"), ticket: strings.TrimSpace(read.values["ticket"].text),
	}
	if len([]rune(g.ticket)) > mostTicket {
		read.refuse("ticket", fmt.Sprintf("at most %d characters long", mostTicket))
	}
	return g
}

// guard refuses a run that its profile or its flags do not admit, before anything is enrolled for good:
// another number of rows than expected, too many unlocks, no ticket, another organisation.
func (l *launch) guard(ctx context.Context, sum batch.Summary) error {
	read := parser{values: l.values}
	g := readGuards(&read)
	if read.err != nil {
		return read.err
	}
	unlocks := int64(0)
	for kind, rows := range sum.ByModuleAction {
		if kind.Action == batch.ActionUnlock {
			unlocks += rows
		}
	}
	profile := clean(l.place.profile.name)
	switch {
	case g.rows >= 0 && g.rows != sum.Rows:
		return usage(fmt.Sprintf("%s has %s, and --expect-rows says %s; nothing was sent", clean(l.name),
			counted(sum.Rows, "row", "rows"), number(g.rows)), "look whether it is the right file, whole: zlock plan "+shellWord(l.name))
	case l.org.simulated: // a rehearsal changes nothing that needs guarding
		return nothingToExpect(l.values)
	case g.maxUnlocks >= 0 && unlocks > g.maxUnlocks:
		return usage(fmt.Sprintf("%s would unlock %s, and max_unlocks of profile %s is %s; nothing was sent", clean(l.name),
			counted(unlocks, "record", "records"), profile, number(g.maxUnlocks)),
			"split the job file; or have max_unlocks raised in "+clean(l.place.config.path))
	case g.needTicket && g.ticket == "":
		return usage("profile "+profile+" demands a ticket (require_ticket); nothing was sent", `add --ticket "CHG-1234"`)
	}
	return l.meetOrg(ctx)
}

// nothingToExpect refuses a flag that names an organisation where there is none.
func nothingToExpect(v values) error {
	if !v["expect-org"].flag {
		return nil
	}
	return usage("--expect-org: a rehearsal has no organisation to compare", "leave it out, or leave --simulate out")
}

// confirm has a person say which org they mean, where the profile demands that and no flag has said it.
func (a *app) confirm(ctx context.Context, o *org) error {
	if !o.confirm || o.simulated || o.expected() {
		return nil
	}
	if !a.world.InTerminal || !a.world.ErrTerminal {
		return usage("profile "+clean(o.profile)+" demands that the org is named (confirm_org); nothing was sent",
			"add --expect-org with its id or name")
	}
	answer, err := a.question(ctx, fmt.Sprintf("This changes records of %s.\nType the name or the id of the organisation to go on: ", o.describe()))
	switch {
	case err != nil:
		return err
	case answer == "":
		return usage("declined: nothing was sent", "--expect-org answers in advance")
	}
	o.typed = true
	o.pins = append(o.pins, pin{who: "what was typed", text: answer, strict: true})
	if o.met.ID == "" {
		return nil // compared as soon as it can be asked
	}
	return o.compare(o.met)
}

// keepGuards writes into a run's settings what it was told about its org and its ticket.
func (l *launch) keepGuards(settings map[string]string) {
	if ticket := strings.TrimSpace(l.values["ticket"].text); ticket != "" {
		settings[keyTicket] = ticket
	}
	for _, key := range []string{"ca-file", variable("ca-file")} {
		if settings[key] != "" {
			settings[key] = l.world.path(settings[key]) // a resume may be typed elsewhere
		}
	}
	keepMet(l.org.met, settings)
}

// keyTicket is where a run keeps its ticket.
const keyTicket = "ticket"

// ticketOf is a run's ticket after a comma, for a line that is about the run; "" where it has none.
func ticketOf(run batch.Run) string {
	if run.Settings[keyTicket] == "" {
		return ""
	}
	return ", ticket " + cleanTo(run.Settings[keyTicket], 40)
}
