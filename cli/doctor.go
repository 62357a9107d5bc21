package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"zlock/batch"
	"zlock/zoho"
)

func (a *app) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor [MODULE…]", Short: "May this user lock and unlock here, and what stands in the way",
		Long: "Looks at everything that a run needs, and changes nothing: credentials and sign-in, hosts, clock, organisation, " +
			"edition, user, credits, the checkpoint and its files; and for each MODULE named, whether record locking is " +
			"configured, by hand or by rules, whether a lock binds the signed-in user, and whether locks can be read. Each " +
			"line is ok, warn or fail, with what to do. It costs about three credits, and two for each module.\n\n" +
			"--probe names one record, as MODULE/ID, to read its lock alone and within a composite call: whether Zoho takes " +
			"such calls together is not documented. It costs two credits more. Whether a lock may be made is told by no read: " +
			"zlock lock tries one record.\n\n" +
			"With --json: {\"profile\", \"ok\", \"warn\", \"fail\", \"checks\": [{\"check\", \"module\", \"level\", \"says\", \"todo\"}]}.",
		Example: "  zlock doctor\n  zlock doctor Deals Leads\n  zlock doctor Deals --probe Deals/5843104000000425565 --json",
		Annotations: exits("0  a run would get through, as far as can be told", "1  the program itself failed",
			"2  usage, or configuration that is missing or cannot be used", "4  a run would not get through: a person must act",
			"130, 143  stopped by SIGINT, SIGTERM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.doctor(cmd.Context(), flagSource{cmd.Flags()}, args, cmd.Flags().Lookup("probe").Value.String())
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().Var(&word{arg: "MODULE/ID"}, "probe", "a record to read, alone and within a composite call")
	define(cmd.Flags(), "json", "reserve", "credits-per-day", "allow-network-fs")
	define(cmd.Flags(), names(orgSettings())...)
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

// The levels of a finding.
const (
	levelOK   = "ok"
	levelWarn = "warn" // a run gets through, but somebody should know
	levelFail = "fail" // it does not
)

// finding is one thing that was looked at. Its names are fixed.
type finding struct {
	Check  string  `json:"check"`
	Module *string `json:"module"`
	Level  string  `json:"level"`
	Says   string  `json:"says"`
	ToDo   *string `json:"todo"`
}

// checkup is one look at everything.
type checkup struct {
	*app
	place   place
	values  values
	modules []string
	probe   zoho.Record // zero for none

	org      org
	pace     pace
	inquiry  *inquiry
	profile  zoho.Ref // of the signed-in user; zero where it is not known
	module   string   // that is looked at now
	findings []finding
	code     int
}

func (a *app) doctor(ctx context.Context, flags flagSource, modules []string, probe string) error {
	p, v, err := a.resolve(flags)
	if err != nil {
		return err
	}
	c := &checkup{app: a, place: p, values: v}
	read := parser{values: c.values}
	asJSON := read.flag("json")
	if read.err != nil {
		return read.err
	}
	if err := c.take(ctx, modules, probe); err != nil {
		return err
	}
	if err := c.examine(ctx); err != nil {
		return err
	}
	if asJSON {
		err = writeJSON(a.world.Out, c.document())
	} else {
		c.print(a.world.Out)
	}
	if err != nil {
		return err
	}
	c.summarise()
	return &ended{c.code}
}

// take reads the modules and the record that were typed, as a job file would.
func (c *checkup) take(ctx context.Context, modules []string, probe string) error {
	for _, text := range modules {
		row, err := recordTyped(ctx, text, noRecord, batch.ReadOptions{})
		if err != nil {
			return err
		}
		c.modules = append(c.modules, row.Module)
	}
	if probe == "" {
		return nil
	}
	module, id, ok := strings.Cut(probe, "/")
	if !ok {
		return usage(fmt.Sprintf("--probe %s: must be MODULE/ID", clean(probe)), "such as --probe Deals/5843104000000425565")
	}
	row, err := recordTyped(ctx, module, id, batch.ReadOptions{IDsChecked: true})
	c.probe = zoho.Record{Module: row.Module, ID: row.RecordID}
	return err
}

// examine looks at everything, from the settings to the disk. What an earlier look finds to be in the
// way of a later one spares that.
func (c *checkup) examine(ctx context.Context) (err error) {
	if c.settled() && c.ready() {
		defer c.inquiry.end()
		for _, look := range []func(context.Context) bool{c.signIn, c.organisation, c.user, c.each, c.probed} {
			if ctx.Err() != nil || !look(ctx) {
				break
			}
		}
		c.clock()
		c.credits()
	}
	c.owner()
	c.checkpoint(ctx)
	c.files()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

func (c *checkup) ok(check, format string, args ...any) {
	c.find(levelOK, check, "", format, args...)
}

func (c *checkup) warn(check, todo, format string, args ...any) {
	c.find(levelWarn, check, todo, format, args...)
}

// fail notes what a run would not get over, and the exit code of that.
func (c *checkup) fail(code int, check, todo, format string, args ...any) {
	if c.code == 0 || code < c.code {
		c.code = code
	}
	c.find(levelFail, check, todo, format, args...)
}

func (c *checkup) find(level, check, todo, format string, args ...any) {
	c.findings = append(c.findings, finding{Check: check, Module: told(c.module), Level: level, Says: fmt.Sprintf(format, args...), ToDo: told(todo)})
}

// doctorDocument is what doctor --json prints.
type doctorDocument struct {
	Profile string    `json:"profile"`
	OK      int       `json:"ok"`
	Warn    int       `json:"warn"`
	Fail    int       `json:"fail"`
	Checks  []finding `json:"checks"`
}

func (c *checkup) document() doctorDocument {
	return doctorDocument{
		Profile: c.place.profile.name, OK: c.count(levelOK), Warn: c.count(levelWarn), Fail: c.count(levelFail), Checks: c.findings,
	}
}

func (c *checkup) count(level string) int {
	n := 0
	for _, f := range c.findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

// print lists the findings, each with what to do beneath it.
func (c *checkup) print(w io.Writer) {
	width := 0
	for _, f := range c.findings {
		width = max(width, columns(f.title()))
	}
	indent := strings.Repeat(" ", 6+width+2)
	for _, f := range c.findings {
		title := f.title() + strings.Repeat(" ", width-columns(f.title()))
		hang(w, fmt.Sprintf("%-4s  %s  ", f.Level, title), indent, f.Says)
		if f.ToDo != nil {
			hang(w, indent, indent+"  ", "to do: "+*f.ToDo)
		}
	}
}

// title is what was looked at, on a screen.
func (f finding) title() string {
	if f.Module == nil {
		return f.Check
	}
	return cleanTo(*f.Module, 20) + " " + f.Check
}

// hang writes a text of which only the first line begins with head, the others with indent.
func hang(w io.Writer, head, indent, text string) {
	for i, line := range strings.Split(wrap(clean(text), max(helpWidth-columns(indent), 30)), "\n") {
		if i == 0 {
			fmt.Fprintln(w, head+line)
			continue
		}
		fmt.Fprintln(w, indent+line)
	}
}

func (c *checkup) summarise() {
	text := "a run would get through, as far as can be told"
	switch {
	case c.code != 0:
		text = "a run would not get through: mend what fails, then zlock doctor again"
	case c.count(levelWarn) > 0:
		text += "; look at the warnings"
	}
	c.screen.say("%s", text)
	if c.code == 0 {
		module := append(c.modules, "MODULE")[0]
		c.screen.say("whether this user may lock and unlock is told by no read; try one record: %s, then %s",
			c.place.command("lock", module, "ID", "--reason", "Test"), c.place.command("unlock", module, "ID"))
	}
}
