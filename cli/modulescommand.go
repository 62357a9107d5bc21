package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zlock/batch"
	"zlock/zoho"
)

func (a *app) modulesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "modules [MODULE]", Short: "Modules, and whether each can be locked",
		Long: "Lists the organisation's modules: API name, label, whether record locking can be configured for it, and how it " +
			"is configured. It costs one credit, and one for each module that can be locked, unless locking was never " +
			"configured. --count adds how many records are locked now: a query of 3 credits a module, exact up to 2,000.\n\n" +
			"With MODULE: that module, and the fields of its locks (those of Locking_Information__s); --fields lists all " +
			"fields of the module, which is what rules and --exclude-field name (with --json also the values of picklists).\n\n" +
			"LOCKABLE is yes, no, or perhaps: a custom module can be locked where a user made it, not an extension. " +
			"CONFIGURED is manual, automatic, both, no, or ? where the signed-in user may not see it.\n\n" +
			`With --json one document: {"modules": [{"api_name", "id", "label", "kind", "visible", "lockable", "configured", ` +
			`"locked", "locked_more"}], "credits"}, and with MODULE "locking_fields" and "fields"; what is not known is null.`,
		Example: "  zlock modules\n" +
			"  zlock modules --count --json\n" +
			"  zlock modules Deals --fields",
		Annotations: exits("0  it could answer", "1  the program itself failed", "2  usage or configuration; nothing was sent",
			"4  Zoho refused: sign-in, scope, permission, or no such module", "6  the credits of 24 hours are spent",
			"7  Zoho did not answer", "130, 143  stopped by SIGINT, SIGTERM"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("modules takes one MODULE at most", "zlock modules Deals")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.modules(cmd.Context(), flagSource{cmd.Flags()}, args)
		},
	}
	cmd.Flags().Bool("count", false, "how many records are locked now (3 credits a module)")
	cmd.Flags().Bool("fields", false, "all fields of MODULE")
	cmd.Flags().Bool("hidden", false, "modules that the signed-in user does not see, too")
	define(cmd.Flags(), "json")
	defineInquiry(cmd)
	return cmd
}

// moduleDocument is one module in what modules --json prints. Its names are fixed.
type moduleDocument struct {
	APIName    string  `json:"api_name"`
	ID         string  `json:"id"`
	Label      string  `json:"label"`
	Kind       string  `json:"kind"`
	Visible    bool    `json:"visible"`
	Lockable   string  `json:"lockable"`
	Configured *string `json:"configured"`
	Locked     *int    `json:"locked"`
	LockedMore bool    `json:"locked_more"`
}

type fieldDocument struct {
	APIName  string   `json:"api_name"`
	ID       string   `json:"id"`
	Label    string   `json:"label"`
	Type     string   `json:"type"`
	Length   int      `json:"length,omitempty"`
	ReadOnly bool     `json:"read_only"`
	Custom   bool     `json:"custom"`
	Values   []string `json:"values,omitempty"`
}

type modulesDocument struct {
	Modules       []moduleDocument `json:"modules"`
	Fields        []fieldDocument  `json:"fields,omitempty"`
	LockingFields []fieldDocument  `json:"locking_fields,omitempty"`
	Credits       int              `json:"credits"`
}

// surveying is one look at the modules.
type surveying struct {
	*inquiry
	count, fields, hidden, asJSON bool
	blind                         bool // configurations cannot be seen: asking on would cost and tell nothing
}

func (a *app) modules(ctx context.Context, flags flagSource, args []string) (err error) {
	s := &surveying{count: flags.on("count"), fields: flags.on("fields"), hidden: flags.on("hidden")}
	module := ""
	if len(args) == 1 {
		if module, err = moduleTyped(args[0]); err != nil {
			return err
		}
	}
	if s.fields && module == "" {
		return usage("--fields goes with a MODULE", "zlock modules Deals --fields")
	}
	p, v, err := a.resolve(flags)
	if err != nil {
		return err
	}
	read := parser{values: v}
	if s.asJSON = read.flag("json"); read.err != nil {
		return read.err
	}
	if s.inquiry, err = a.inquireOf(ctx, p, v); err != nil {
		return err
	}
	defer s.end()
	if module != "" {
		return s.one(ctx, module)
	}
	return s.all(ctx)
}

func (s *surveying) all(ctx context.Context) error {
	var list []zoho.Module
	err := s.ask(ctx, func(ctx context.Context) (err error) {
		list, err = s.client.Modules(ctx)
		return err
	})
	if err != nil {
		return err
	}
	// Zoho makes this module with the first configuration: without it there is none to ask for.
	ever := slices.ContainsFunc(list, func(m zoho.Module) bool { return m.APIName == zoho.LockingModule })
	document := modulesDocument{Modules: []moduleDocument{}}
	for _, m := range list {
		if !s.hidden && !m.Viewable {
			continue
		}
		d, err := s.survey(ctx, m, ever)
		if err != nil {
			return err
		}
		document.Modules = append(document.Modules, d)
	}
	if document.Credits = s.meter.Credits; s.asJSON {
		return writeJSON(s.world.Out, document)
	}
	s.print(document.Modules)
	if !ever {
		s.screen.say("record locking is not configured for any module: zlock config create MODULE does that")
	}
	s.screen.say("%s", counted(int64(document.Credits), "credit", "credits"))
	return nil
}

// survey asks what there is to know of a module.
func (s *surveying) survey(ctx context.Context, m zoho.Module, ever bool) (moduleDocument, error) {
	d := moduleDocument{APIName: m.APIName, ID: m.ID, Label: m.Plural, Kind: m.Kind, Visible: m.Viewable, Lockable: "no"}
	switch {
	case slices.Contains(batch.LockableModules(), m.APIName):
		d.Lockable = "yes"
	case m.Kind == "custom":
		d.Lockable = "perhaps"
	}
	no := "no"
	if d.Lockable == "no" || !ever {
		d.Configured = &no
		return d, nil
	}
	if err := s.configured(ctx, &d); err != nil || !s.count || d.Configured == nil || *d.Configured == no {
		return d, err
	}
	return d, s.counted(ctx, &d)
}

// configured asks how a module is configured. What Zoho does not show to this user stays unknown.
func (s *surveying) configured(ctx context.Context, d *moduleDocument) error {
	if s.blind {
		return nil
	}
	var found *zoho.Configuration
	err := s.ask(ctx, func(ctx context.Context) (err error) {
		found, err = s.client.GetConfiguration(ctx, d.APIName)
		return err
	})
	how := "no"
	var e *zoho.Error
	switch {
	case err == nil && found != nil:
		how, d.Lockable = found.LockType, "yes"
	case err == nil:
		d.Lockable = "yes"
	case !errors.As(err, &e):
		return err
	case e.Kind == zoho.ModuleUnsupported, e.Kind == zoho.ModuleUnknown:
		d.Lockable = "no"
	case e.Kind == zoho.NoPermission, e.Kind == zoho.ScopeMissing:
		s.blind = true
		s.screen.warn("how modules are configured is not known: %s; %s", clean(e.Error()), e.Hint)
		return nil
	default:
		return err
	}
	d.Configured = &how
	return nil
}

// counted asks how many records are locked.
func (s *surveying) counted(ctx context.Context, d *moduleDocument) error {
	var n int
	var more bool
	err := s.ask(ctx, func(ctx context.Context) (err error) {
		n, more, err = s.client.CountLocked(ctx, d.APIName)
		return err
	})
	var e *zoho.Error
	if errors.As(err, &e) && e.Phase == zoho.PhaseDefinite && e.Kind != zoho.SignIn {
		s.screen.warn("how many records of %s are locked is not known: %s%s", clean(d.APIName), clean(e.Error()), orNothing("; ", e.Hint))
		return nil
	}
	if err == nil {
		d.Locked, d.LockedMore = &n, more
	}
	return err
}

func orNothing(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

func (s *surveying) print(modules []moduleDocument) {
	if len(modules) == 0 {
		s.screen.say("the signed-in user sees no module; --hidden lists the others")
		return
	}
	t := newTable(4)
	heads := []string{"MODULE", "LABEL", "LOCKABLE", "CONFIGURED"}
	if s.count {
		heads = append(heads, "LOCKED")
	}
	t.add(heads...)
	for _, m := range modules {
		cells := []string{clean(m.APIName), clean(m.Label), m.Lockable, m.configured()}
		if s.count {
			cells = append(cells, m.locked())
		}
		t.add(cells...)
	}
	t.print(s.world.Out, "")
}

func (m moduleDocument) configured() string {
	switch {
	case m.Configured == nil:
		return "?"
	case m.Lockable == "no":
		return "-"
	}
	return clean(*m.Configured)
}

func (m moduleDocument) locked() string {
	switch {
	case m.Locked == nil:
		return "-"
	case m.LockedMore:
		return number(int64(*m.Locked)) + "+"
	}
	return number(int64(*m.Locked))
}

// one looks at one module and at the fields of its locks.
func (s *surveying) one(ctx context.Context, name string) error {
	var m zoho.Module
	err := s.ask(ctx, func(ctx context.Context) (err error) {
		m, err = s.client.Module(ctx, name)
		return err
	})
	if err != nil {
		return err
	}
	d, err := s.survey(ctx, m, true)
	if err != nil {
		return err
	}
	document := modulesDocument{Modules: []moduleDocument{d}}
	if d.Lockable != "no" {
		if document.LockingFields, err = s.fieldsOf(ctx, zoho.LockingModule); err != nil {
			var e *zoho.Error
			if !errors.As(err, &e) || e.Kind != zoho.ModuleUnknown { // it appears with the first configuration
				return err
			}
		}
	}
	if s.fields {
		if document.Fields, err = s.fieldsOf(ctx, m.APIName); err != nil {
			return err
		}
	}
	if document.Credits = s.meter.Credits; s.asJSON {
		return writeJSON(s.world.Out, document)
	}
	s.print(document.Modules)
	printLockingFields(s.world.Out, document.LockingFields)
	printFields(s.world.Out, m.APIName, document.Fields)
	s.screen.say("%s", counted(int64(document.Credits), "credit", "credits"))
	return nil
}

func (s *surveying) fieldsOf(ctx context.Context, module string) (documents []fieldDocument, err error) {
	var fields []zoho.Field
	err = s.ask(ctx, func(ctx context.Context) (err error) {
		fields, err = s.client.Fields(ctx, module)
		return err
	})
	for _, f := range fields {
		documents = append(documents, fieldDocument{
			APIName: f.APIName, ID: f.ID, Label: f.Label, Type: f.DataType, Length: f.Length, ReadOnly: f.ReadOnly, Custom: f.Custom, Values: f.Values,
		})
	}
	return documents, err
}

// printLockingFields lists the fields of a lock, which nobody but Zoho writes.
func printLockingFields(w io.Writer, fields []fieldDocument) {
	if len(fields) == 0 {
		return
	}
	fmt.Fprintf(w, "\nFields of a lock (%s):\n", zoho.LockingModule)
	t := newTable()
	t.add("FIELD", "TYPE", "VALUES")
	for _, f := range fields {
		t.add(clean(f.APIName), clean(f.Type), cleanTo(strings.Join(f.Values, ", "), 40))
	}
	t.print(w, "  ")
}

func printFields(w io.Writer, module string, fields []fieldDocument) {
	if len(fields) == 0 {
		return
	}
	fmt.Fprintf(w, "\nFields of %s:\n", clean(module))
	t := newTable()
	t.add("FIELD", "LABEL", "TYPE")
	for _, f := range fields {
		kind := clean(f.Type)
		if f.ReadOnly {
			kind += ", read-only"
		}
		t.add(clean(f.APIName), cleanTo(f.Label, 30), kind)
	}
	t.print(w, "  ")
}
