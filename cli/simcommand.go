package cli

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"zlock/zoho/sim"
)

func (a *app) simCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sim", Short: "A local Zoho for rehearsals, with limits and faults",
		Long: "Serves a pretend Zoho on this machine until it is stopped: the record locking API and what surrounds it, tokens, " +
			"credits, limits and faults. It prints, on standard output, the variables that lead zlock there: with them every " +
			"command works in another terminal as it would against a real organisation. Its page, at the address itself, shows " +
			"what is locked, what was spent and the last calls, and has switches for troubles.\n\n" +
			"It holds made-up records (the same for the same --records, --modules, --locked and --seed), the records of a job " +
			"file (--from), or both. With --state it goes on where it stopped: give the same flags and the same --listen again.\n\n" +
			"Faults are NAME[:PART…][@FROM[-UNTIL]], with commas between; the parts are a share of the calls (5%), a span (3s), " +
			"a call (lock), #N for the Nth call of each record, /N for every Nth call. Among the names are 429, 500, 502, 503, outage, " +
			"drop-before, drop-after, late-effect, slow, hang and token-revoked; a wrong name lists all.\n\n" +
			"Its flags are not taken from the environment, where the variables are those of its callers.",
		Example: "  zlock sim --from records.csv\n" +
			"  zlock sim --records 10000 --modules Leads,Deals --locked 30% \\\n" +
			"    --edition professional --latency 40-120ms --faults 429:5%,outage:30s@2m\n" +
			"  zlock sim --records 500 --write-job all.csv > sim.env\n" +
			"  . ./sim.env; zlock run all.csv            (in another terminal)",
		Annotations: exits("0  it was stopped by SIGINT (Ctrl-C) or SIGTERM", "1  the program itself failed",
			"2  usage; an address or a state file that is taken", "3  the job file cannot be understood at all"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("sim takes no argument", "zlock sim --from "+shellWord(args[0])+" holds the records of a job file")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := readSim(cmd.Flags())
			if err != nil {
				return err
			}
			return a.sim(cmd.Context(), o)
		},
	}
	defineThese(cmd.Flags(), simSettings())
	return cmd
}

// simSettings are the flags of sim. They are no settings of anything else, whatever they are called there.
func simSettings() []setting {
	return []setting{
		{name: "records", arg: "N", help: "records to make up, over all modules (default 10000; with --from none)"},
		{name: "modules", arg: "LIST", def: "Leads,Contacts,Accounts,Deals", help: "modules of the made-up records"},
		{name: "locked", arg: "P%", def: "none", help: "share of the made-up records that are locked: of 20, 14 by you, 5 by a colleague, 1 by a rule"},
		{name: "seed", arg: "N", def: "1", help: "of all that looks like chance"},
		{name: "from", arg: "JOBFILE", help: "hold the records of a job file; those to be unlocked are locked"},
		{name: "module", arg: "NAME", help: "module of the job file's rows that name none"},
		{name: "action", arg: "ACTION", help: "action of the job file's rows that name none"},
		{name: "write-job", arg: "FILE", help: "write a job file that locks every record not locked yet"},
		{name: "force", kind: toggle, help: "replace a job file that is there"},
		{name: "edition", arg: "EDITION", def: "enterprise", help: "free standard professional enterprise ultimate: sets the two limits below"},
		{name: "concurrency", arg: "N", help: "calls served at once, more get 429; 0 = no limit (default: the edition's)"},
		{name: "credits", arg: "N", help: "credits in 24 hours, then 429; 0 = no limit (default: 50000; free 5000)"},
		{name: "composite", arg: "WHAT", def: "none", help: "what composite calls take: none, reads or all"},
		{name: "latency", arg: "SPAN", def: "60-180ms", help: "how long a call takes: 80ms, or between 40-120ms"},
		{name: "faults", kind: list, arg: "LIST", help: "what goes wrong: 429:5%,outage:30s@2m; may be repeated"},
		{name: "endings", kind: toggle, help: "ids that end in 9000 to 9017 misbehave, as samples/README.md says"},
		{name: "listen", arg: "ADDRESS", def: "127.0.0.1:8470", help: "address or port; port 0 takes a free one"},
		{name: "state", arg: "FILE", help: "keep what was done in FILE, and go on from there next time"},
		{name: "json", kind: toggle, help: "print the variables and what is held as one JSON document"},
		{name: "quiet", kind: toggle, help: "say nothing but warnings and errors"},
	}
}

// defineThese adds settings to a command's flags that are not among those all commands share.
func defineThese(flags *pflag.FlagSet, settings []setting) {
	flags.SortFlags = false
	for _, s := range settings {
		switch s.kind {
		case toggle:
			flags.Bool(s.name, false, s.help)
		case list:
			flags.Var(&texts{arg: s.arg}, s.name, s.help)
		default:
			flags.Var(&word{value: s.def, arg: s.arg}, s.name, s.help)
		}
	}
}

// simOptions are the flags of sim as they were understood.
type simOptions struct {
	made                 simRecords
	from, module, action string
	jobs, state, listen  string
	edition              edition
	concurrency, credits int64
	composite            sim.Composite
	low, high            time.Duration
	faults               []sim.Fault
	asJSON, quiet, force bool
}

func readSim(flags *pflag.FlagSet) (*simOptions, error) {
	v := values{}
	for _, s := range simSettings() {
		f := flags.Lookup(s.name)
		v[s.name] = value{text: f.Value.String(), where: spell(s, f.Value.String()), flag: f.Changed, given: f.Changed}
	}
	read := &parser{values: v}
	o := &simOptions{
		from: v["from"].text, module: v["module"].text, action: v["action"].text, jobs: v["write-job"].text, state: v["state"].text,
		edition: editionNamed(read.choice("edition", "free", "standard", "professional", "enterprise", "ultimate")),
		asJSON:  read.flag("json"), quiet: read.flag("quiet"), force: read.flag("force"),
	}
	o.concurrency = read.count("concurrency", o.edition.concurrency, 0, 10_000)
	o.credits = read.count("credits", o.edition.credits, 0, 1_000_000_000)
	o.composite = map[string]sim.Composite{"reads": sim.CompositeReads, "all": sim.CompositeAll}[read.choice("composite", "none", "reads", "all")]
	o.readLatency(read)
	usual := int64(10_000)
	if o.from != "" {
		usual = 0
	}
	o.made = simRecords{
		Records: read.count("records", usual, 1, 5_000_000), Locked: read.percent("locked"), Endings: read.flag("endings"),
		Seed: uint64(read.count("seed", 1, 0, 1<<62)),
	}
	if read.err != nil {
		return nil, read.err
	}
	return o, o.readRest(read)
}

// readRest reads what has errors of its own.
func (o *simOptions) readRest(read *parser) (err error) {
	if o.made.Modules, err = simModules(read.words("modules")); err != nil {
		return err
	}
	if len(o.made.Modules) == 0 {
		return usage("--modules: name at least one, such as Deals")
	}
	if o.faults, err = parseFaults(read.words("faults")); err != nil {
		return err
	}
	o.listen, err = listenAddress(read.values["listen"].text)
	return err
}

// readLatency reads "80ms" or "40-120ms": the unit of the end will do for the beginning.
func (o *simOptions) readLatency(read *parser) {
	text := read.values["latency"].text
	from, until, between := strings.Cut(text, "-")
	if !between {
		from, until = text, text
	}
	var err error
	if o.high, err = parseSpan(until); err == nil {
		if o.low, err = parseSpan(from); err != nil {
			o.low, err = parseSpan(from + strings.TrimLeft(until, "0123456789."))
		}
	}
	if err != nil || o.low < 0 || o.low > o.high || o.high > time.Minute {
		read.refuse("latency", "a span up to 1m such as 80ms, or two such as 40-120ms")
	}
}

// listenAddress makes an address of a port alone: on this machine's loopback, unless another
// address is named outright.
func listenAddress(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = "", text
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", usage(fmt.Sprintf("--listen %s: must be an address and a port, such as 127.0.0.1:8470, or a port from 0 to 65535", clean(text)))
	}
	return net.JoinHostPort(host, port), nil
}

// sim makes the pretend org and serves it until the context ends.
func (a *app) sim(ctx context.Context, o *simOptions) error {
	a.screen.quiet = o.quiet
	if o.from != "" {
		if err := o.readJob(ctx, a); err != nil {
			return err
		}
	}
	if o.jobs != "" {
		if err := o.writeJobs(a); err != nil {
			return err
		}
	}
	return a.serveSim(ctx, o)
}
