package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"zlock/zoho"
)

// configuring is one command about a module's configuration.
type configuring struct {
	*inquiry
	flags  flagSource
	module string
	asJSON bool
	dryRun bool
	yes    bool
	answer changeDocument
}

// changeDocument is what a change of a configuration prints with --json. Its names are fixed.
type changeDocument struct {
	Module          string              `json:"module"`
	Result          string              `json:"result"`
	Changes         []configChange      `json:"changes"`
	ConfigurationID *string             `json:"configuration_id"`
	Configuration   *zoho.Configuration `json:"configuration"`
	Differs         []configChange      `json:"differs"`
	Faults          []keyFault          `json:"faults"`
	Credits         int                 `json:"credits"`
}

type keyFault struct {
	Key  string `json:"key"`
	Code string `json:"code"`
	What string `json:"what"`
}

// configuring gets ready for calls about a module's configuration.
func (a *app) configuring(ctx context.Context, flags flagSource, module string) (*configuring, error) {
	c := &configuring{flags: flags, dryRun: flags.on("dry-run")}
	var err error
	if c.module, err = moduleTyped(module); err != nil {
		return nil, err
	}
	p, v, err := a.resolve(flags)
	if err != nil {
		return nil, err
	}
	read := parser{values: v}
	c.asJSON, c.yes = read.flag("json"), read.flag("yes")
	if read.err != nil {
		return nil, read.err
	}
	if c.inquiry, err = a.inquireOf(ctx, p, v); err != nil {
		return nil, err
	}
	c.answer = changeDocument{Module: c.module, Changes: []configChange{}, Differs: []configChange{}, Faults: []keyFault{}}
	return c, nil
}

// inquireOf gets ready for a few calls to the org that the settings lead to. There is no pretend one to ask.
func (a *app) inquireOf(ctx context.Context, p place, v values) (*inquiry, error) {
	read := parser{values: v}
	if read.flag("simulate") {
		return nil, usage(v["simulate"].where+": this command asks a real Zoho; it has no rehearsal of its own",
			"take it away, or rehearse against zlock sim")
	}
	if read.err != nil {
		return nil, read.err
	}
	o, err := a.org(p, v)
	if err != nil {
		return nil, err
	}
	pace, err := a.pace(v, o.edition)
	if err != nil {
		return nil, err
	}
	return a.inquire(p, o, pace.allowance)
}

// get reads the module's configuration; nil where it has none.
func (c *configuring) get(ctx context.Context) (found *zoho.Configuration, err error) {
	err = c.ask(ctx, func(ctx context.Context) (err error) {
		found, err = c.client.GetConfiguration(ctx, c.module)
		return err
	})
	return found, err
}

func (a *app) configGet(ctx context.Context, flags flagSource, module string) (err error) {
	if flags.on("yaml") && flags.on("json") {
		return usage("--json and --yaml exclude each other")
	}
	c, err := a.configuring(ctx, flags, module)
	if err != nil {
		return err
	}
	defer c.end()
	now, err := c.get(ctx)
	if err != nil {
		return err
	}
	switch {
	case flags.on("yaml"), c.asJSON:
		return c.printEnvelope(now, flags.on("yaml"))
	case now == nil:
		c.screen.say("%s has no record locking configuration: nothing of it can be locked", c.module)
		c.screen.say("give it one: %s", c.place.command("config", "create", c.module, "--lock-type", "manual"))
		return nil
	}
	_, err = fmt.Fprint(c.world.Out, configurationWords(c.module, *now))
	return err
}

// printEnvelope prints a configuration as Zoho answers it.
func (c *configuring) printEnvelope(now *zoho.Configuration, asYAML bool) error {
	list := []*zoho.Configuration{}
	if now != nil {
		list = append(list, now)
	}
	text, err := encodeJSON(map[string][]*zoho.Configuration{"record_locking_configurations": list})
	if err != nil {
		return err
	}
	if !asYAML {
		_, err = fmt.Fprintf(c.world.Out, "%s\n", indented(text))
		return err
	}
	if text, err = yamlOf(text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.world.Out, "# %s: change what you like, then zlock config update %s -f FILE\n%s", c.module, c.module, text)
	return err
}

// confirm sees that it is the right organisation, and wants a yes from a person at a terminal; nobody else
// is asked.
func (c *configuring) confirm(ctx context.Context, question string) error {
	if err := c.meet(ctx); err != nil {
		return err
	}
	if err := c.app.confirm(ctx, &c.org); err != nil {
		return err
	}
	if c.yes || !c.world.InTerminal || !c.world.ErrTerminal || c.flags.text("file") == "-" {
		return nil
	}
	return c.agree(ctx, question, usage("declined: nothing was sent", "--yes answers in advance"))
}

// show tells the changes before they are sent: on standard output, or beside the document.
func (c *configuring) show(title string, changes []configChange) {
	c.answer.Changes = append(c.answer.Changes, changes...)
	if c.asJSON {
		c.screen.say("%s\n%s", title, strings.TrimRight(tellChanges(changes, helpWidth, false), "\n"))
		return
	}
	colours := c.world.OutTerminal && c.world.env("NO_COLOR") == "" && c.world.env("TERM") != "dumb"
	_, _ = fmt.Fprintf(c.world.Out, "%s\n%s", title, tellChanges(changes, helpWidth, colours))
}

// conclude prints how it ended. A sentence is said in either case.
func (c *configuring) conclude(result string, is *zoho.Configuration, format string, args ...any) error {
	c.answer.Result, c.answer.Configuration, c.answer.Credits = result, is, c.meter.Credits
	if is != nil && is.ID != "" {
		c.answer.ConfigurationID = &is.ID
	}
	c.screen.say(format+" ("+counted(int64(c.meter.Credits), "credit", "credits")+")", args...)
	if !c.asJSON {
		return nil
	}
	return writeJSON(c.world.Out, c.answer)
}

// refuse tells the faults of a configuration, each under the key by which Zoho would name it.
func (c *configuring) refuse(faults []zoho.ConfigurationFault) error {
	for _, f := range faults {
		c.answer.Faults = append(c.answer.Faults, keyFault{f.Key, f.Code, f.What})
	}
	c.answer.Result, c.answer.Credits = "refused", c.meter.Credits
	err := error(&zoho.ConfigurationError{Faults: faults})
	if c.asJSON {
		err = errors.Join(err, writeJSON(c.world.Out, c.answer))
	}
	return err
}

// indented spreads a JSON text over lines, for people to edit.
func indented(text []byte) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(json.RawMessage(text)); err != nil {
		return string(text)
	}
	return strings.TrimRight(b.String(), "\n")
}
