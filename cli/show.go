package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"zlock/batch"
	"zlock/zoho"
)

func (a *app) showCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show MODULE ID", Short: "One record's locking information",
		Long: "Says whether a record is locked, and all that Zoho tells of its lock: by whom or by which rule, since when, " +
			"why, and the lock's own id. It costs one credit, changes nothing, and works beside a run.\n\n" +
			"MODULE is an API name, ID a record's id, both as in job files (a leading zcrm_ is dropped). With --json: " +
			"{\"module\",\"record_id\",\"record_name\",\"locked\",\"locks\":[…]}, a lock with id, source (Manual, Automatic, " +
			"Both), reason, locked_by, locked_at, locked_for, rule_id, configuration_id, owner, parent_id and editable; " +
			"what Zoho does not tell is null.",
		Example: "  zlock show Deals 5843104000000425565\n  zlock show Deals zcrm_5843104000000425565 --json",
		Annotations: exits(
			"0  it could answer, locked or not", "1  the program itself failed", "2  usage or configuration; nothing was sent",
			"4  sign-in, scope, permission, edition or configuration: a person must act",
			"5  there is no such record, or none that the signed-in user may see",
			"6  the credits of 24 hours are spent", "7  Zoho did not answer", "130, 143  stopped by SIGINT, SIGTERM"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("show takes a MODULE and an ID", "zlock show Deals 5843104000000425565")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.show(cmd.Context(), flagSource{cmd.Flags()}, args[0], args[1])
		},
	}
	define(cmd.Flags(), "json", "ids-checked", "reserve", "credits-per-day", "tz", "allow-network-fs")
	define(cmd.Flags(), names(orgSettings())...)
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

func (a *app) show(ctx context.Context, flags flagSource, module, id string) error {
	p, v, err := a.resolve(flags)
	if err != nil {
		return err
	}
	read := &parser{values: v}
	asJSON, checked := read.flag("json"), read.flag("ids-checked")
	zone := read.zone("tz", a.world.Now().Location())
	if read.err != nil {
		return read.err
	}
	row, err := recordTyped(ctx, module, id, batch.ReadOptions{IDsChecked: checked})
	if err != nil {
		return err
	}
	locks, err := a.locksOf(ctx, p, v, zoho.Record{Module: row.Module, ID: row.RecordID})
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(a.world.Out, newShowDocument(row, locks))
	}
	printLocks(a.world.Out, row, locks, zone)
	return nil
}

// locksOf reads a record's locks.
func (a *app) locksOf(ctx context.Context, p place, v values, record zoho.Record) (locks []zoho.Lock, err error) {
	o, err := a.org(p, v)
	if err != nil {
		return nil, err
	}
	pace, err := a.pace(v, o.edition)
	if err != nil {
		return nil, err
	}
	q, err := a.inquire(p, o, pace.allowance)
	if err != nil {
		return nil, err
	}
	defer q.end()
	err = q.ask(ctx, func(ctx context.Context) (err error) {
		locks, err = q.client.ListLocks(ctx, record)
		return err
	})
	return locks, err
}

// showDocument is what show --json prints. Its names are fixed.
type showDocument struct {
	Module     string         `json:"module"`
	RecordID   string         `json:"record_id"`
	RecordName *string        `json:"record_name"`
	Locked     bool           `json:"locked"`
	Locks      []lockDocument `json:"locks"`
}

// lockDocument is one lock in a document, under the names of its fields in Zoho.
type lockDocument struct {
	ID              string     `json:"id"`
	Source          *string    `json:"source"`
	Reason          *string    `json:"reason"`
	LockedBy        *person    `json:"locked_by"`
	LockedAt        *time.Time `json:"locked_at"`
	LockedFor       lockedFor  `json:"locked_for"`
	RuleID          *string    `json:"rule_id"`
	ConfigurationID *string    `json:"configuration_id"`
	Owner           *person    `json:"owner"`
	ParentID        *string    `json:"parent_id"`
	Editable        bool       `json:"editable"`
}

// lockedFor is the record that a lock holds.
type lockedFor struct {
	Module   string  `json:"module"`
	ModuleID *string `json:"module_id"`
	ID       string  `json:"id"`
	Name     *string `json:"name"`
}

// person is a user of the organisation in a document.
type person struct {
	ID   string  `json:"id"`
	Name *string `json:"name"`
}

func newShowDocument(row batch.Row, locks []zoho.Lock) showDocument {
	d := showDocument{Module: row.Module, RecordID: row.RecordID, Locked: len(locks) > 0, Locks: []lockDocument{}}
	for _, l := range locks {
		d.RecordName = told(l.RecordName)
		d.Locks = append(d.Locks, lockDocument{
			ID: l.ID, Source: told(string(l.Source)), Reason: told(l.Reason), LockedBy: newPerson(l.By), LockedAt: instant(l.At),
			LockedFor: lockedFor{Module: row.Module, ModuleID: told(l.ModuleID), ID: row.RecordID, Name: told(l.RecordName)},
			RuleID:    told(l.RuleID), ConfigurationID: told(l.ConfigurationID), Owner: newPerson(l.Owner), ParentID: told(l.ParentID),
			Editable: l.Editable,
		})
	}
	return d
}

// told is a text in a document; nil for none.
func told(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func newPerson(u zoho.User) *person {
	if u == (zoho.User{}) {
		return nil
	}
	return &person{ID: u.ID, Name: told(u.Name)}
}

// printLocks says on a screen what a record's locks are.
func printLocks(w io.Writer, row batch.Row, locks []zoho.Lock, zone *time.Location) {
	title := clean(row.Module + " " + row.RecordID)
	if len(locks) == 0 {
		fmt.Fprintf(w, "%s is not locked\n", title)
		return
	}
	if name := locks[0].RecordName; name != "" {
		title += "  " + clean(name)
	}
	fmt.Fprintln(w, title)
	for i, l := range locks {
		if i > 0 {
			fmt.Fprintln(w)
		}
		lockTable(l, zone).print(w, "  ")
	}
}

func lockTable(l zoho.Lock, zone *time.Location) *table {
	t := newTable()
	add := func(name, text string) {
		if text != "" {
			t.add(name, text)
		}
	}
	add("locked", sourceText(l.Source))
	add("by", personText(l.By))
	if !l.At.IsZero() {
		add("since", momentIn(l.At, zone))
	}
	add("reason", cleanTo(l.Reason, 3000))
	add("lock id", l.ID)
	add("rule", clean(l.RuleID))
	add("configuration", clean(l.ConfigurationID))
	add("owner", personText(l.Owner))
	add("parent", clean(l.ParentID))
	if !l.Editable {
		add("editable", "no: the signed-in user may not change this lock")
	}
	return t
}

func sourceText(s zoho.Source) string {
	switch s {
	case zoho.Manual:
		return "by hand"
	case zoho.Automatic:
		return "by a rule of the module; it goes when the rule no longer holds"
	case zoho.Both:
		return "by hand, and by a rule of the module too"
	}
	return orElse(clean(string(s)), "Zoho does not say how")
}

// personText is a user on a screen.
func personText(u zoho.User) string { return clean(userText(u)) }
