package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/pflag"
)

// kind is what a setting takes.
type kind int

const (
	text   kind = iota // one value
	toggle             // true or false
	list               // several values
)

// setting is one thing that a flag, the environment, a profile, or a run's own record can say.
type setting struct {
	name      string
	kind      kind
	arg       string // what the help calls its value
	def       string
	help      string
	inherited bool // resume takes it from the run unless a flag says otherwise
	profiled  bool // may stand in a profile of zlock.yaml
	fileOnly  bool // and nowhere else: what guards an org is not to be waved aside on a command line
}

// settings is every setting of this version, in the order in which help prints them. They are put together
// once: building the commands looks each of them up many times.
var settings = sync.OnceValue(func() []setting {
	return slices.Concat(placeSettings(), orgSettings(), guardSettings(), paceSettings(), meaningSettings(), readingSettings(), commandSettings(), tellSettings())
})

func placeSettings() []setting {
	return []setting{
		{name: "db", arg: "FILE", help: "checkpoint (default: <state dir>/<profile>.db)", profiled: true},
		{name: "profile", arg: "NAME", help: "profile of zlock.yaml"},
		{name: "config", arg: "FILE", help: "zlock.yaml (default: in your configuration directory)"},
		{name: "state-dir", arg: "DIR", help: "where checkpoints, locks and tokens are kept"},
		{name: "log-level", arg: "LEVEL", def: "warn", help: "debug, info, warn or error", profiled: true},
		{name: "log-format", arg: "FORMAT", def: "text", help: "text or json", profiled: true},
		{name: "quiet", kind: toggle, help: "say nothing but warnings and errors", profiled: true},
	}
}

func orgSettings() []setting {
	return []setting{
		{name: "dc", arg: "DC", def: "us", help: "data centre: us eu in au jp cn ca sa uk", inherited: true, profiled: true},
		{name: "api-url", arg: "URL", help: "API host instead of the data centre's; Zoho's own or loopback", inherited: true, profiled: true},
		{name: "accounts-url", arg: "URL", help: "accounts host instead of the data centre's", inherited: true, profiled: true},
		{name: "api-version", arg: "V", def: "v8", help: "version of Zoho's API", inherited: true, profiled: true},
		{name: "environment", arg: "ENV", help: "production, sandbox or developer (default: production, or as signed in)", inherited: true, profiled: true},
		{name: "ca-file", arg: "FILE", help: "certificates (PEM) to trust besides the system's", inherited: true, profiled: true},
		{name: "edition", arg: "EDITION", help: "free standard professional enterprise ultimate", inherited: true, profiled: true},
	}
}

func paceSettings() []setting {
	return []setting{
		{name: "concurrency", arg: "N", help: "calls in flight at once, at most (default: half the edition's limit, or 5)", inherited: true, profiled: true},
		{name: "rate", arg: "N", def: "0", help: "calls started per second, at most; 0 = no limit", inherited: true, profiled: true},
		{name: "polite", kind: toggle, help: "step back for others as soon as Zoho says too many", inherited: true, profiled: true},
		{name: "max-credits", arg: "N", help: "credits to spend in this sitting, at most (then exit 6)", inherited: true, profiled: true},
		{name: "reserve", arg: "N|N%", def: "0", help: "credits of any 24 hours to leave to others", inherited: true, profiled: true},
		{name: "credits-per-day", arg: "N", help: "the org's credits in 24 hours (default 50000; free 5000)", inherited: true, profiled: true},
		{name: "precheck", arg: "WHEN", def: "auto", help: "bulk reads sort out rows already right or missing: auto, always, never", inherited: true, profiled: true},
		{name: "composite", arg: "WHEN", def: "auto", help: "five calls in one for one credit, where Zoho takes them: auto, on, off", inherited: true, profiled: true},
		{name: "settle", arg: "SPAN", def: "60s", help: `how long after a send "it did not happen" may be believed`, inherited: true, profiled: true},
		{name: "attempts", arg: "N", def: "3", help: "sends per row in this sitting, at most", inherited: true, profiled: true},
		{name: "max-failures", arg: "N", help: "stop at this many failed rows (exit 7)", inherited: true, profiled: true},
		{name: "max-failure-rate", arg: "P%", def: "50%", help: "stop (exit 7) above this share of failed rows, after 50 rows", inherited: true, profiled: true},
		{name: "max-outage", arg: "SPAN", def: "30m", help: "stop (exit 7) when Zoho has not answered for so long", inherited: true, profiled: true},
		{name: "max-duration", arg: "SPAN", help: "stop after so long (exit 6)", profiled: true},
		{name: "until", arg: "TIME", help: "stop at this time: 06:00, or 2006-01-02T15:04 (exit 6)", profiled: true},
		{name: "allow-network-fs", kind: toggle, help: "keep the checkpoint on a network file system, at your own risk", profiled: true},
		{name: "window", arg: "HH:MM-HH:MM", help: "start calls only in these hours of the day, such as 22:00-06:00, or none", inherited: true, profiled: true},
		{name: "tz", arg: "ZONE", help: "zone of the window and of times told, such as Europe/Berlin (default: the machine's)", inherited: true, profiled: true},
		{name: "on-window", arg: "WHAT", def: "wait", help: "outside the window: wait, or stop (exit 6)", inherited: true, profiled: true},
		{name: "on-budget", arg: "WHAT", help: "when the credits of 24 hours are spent: wait for more, or stop (exit 6) (default: wait at a terminal, else stop)", inherited: true, profiled: true},
		{name: "limit", arg: "N", help: "work at most N rows in this sitting (exit 6)"},
		{name: "grace", arg: "SPAN", def: "25s", help: "how long calls in flight may take after a first signal", profiled: true},
		{name: "wait", arg: "SPAN", help: "wait so long for another process that holds the org", profiled: true},
		{name: "no-progress", kind: toggle, help: "no progress bar and no progress lines", profiled: true},
		{name: "exit-zero-on-partial", kind: toggle, help: "exit 0 where it would be 5", profiled: true},
	}
}

func meaningSettings() []setting {
	return []setting{
		{name: "module", arg: "NAME", help: "module of rows that name none"},
		{name: "action", arg: "ACTION", help: "lock, unlock or update_reason, for rows that name none"},
		{name: "reason", arg: "TEXT", help: "reason of rows that give none; {record_id} {module} {line} {run} {Column}"},
		{name: "map", kind: list, arg: "FIELD=COLUMN", help: "the column that holds a field; may be repeated"},
		{name: "on-locked", arg: "WHAT", def: "skip", help: "a lock of a locked record: skip, update-reason or fail", profiled: true},
		{name: "any-owner", kind: toggle, def: "true", help: "a job file's unlocks take away other users' locks too", profiled: true},
		{name: "tag-reason", kind: toggle, help: "add a short mark of run and row to each reason", profiled: true},
		{name: "on-invalid", arg: "WHAT", def: "stop", help: "faulty rows: stop (exit 3) or skip", profiled: true},
		{name: "on-conflict", arg: "WHAT", def: "stop", help: "different actions on one record: stop (exit 3) or sequence", profiled: true},
		{name: "ids-checked", kind: toggle, help: "ids that end in zeros are right, not damaged by a spreadsheet"},
		{name: "simulate", kind: toggle, help: "rehearse against a pretend Zoho inside this process"},
	}
}

func readingSettings() []setting {
	return []setting{
		{name: "allow-empty", kind: toggle, help: "a job file without rows is no fault", profiled: true},
		{name: "faults", arg: "FILE", help: "write all faults to FILE (.csv or .jsonl)"},
		{name: "max-rows", arg: "N", def: "5000000", help: "rows of a job file, at most", profiled: true},
		{name: "max-columns", arg: "N", def: "1024", help: "columns of a job file, at most", profiled: true},
		{name: "max-record", arg: "SIZE", def: "64KiB", help: "size of one record, at most", profiled: true},
		{name: "max-file-size", arg: "SIZE", def: "2GiB", help: "size of a job file, unpacked, at most", profiled: true},
	}
}

func commandSettings() []setting {
	return []setting{
		{name: "resume", kind: toggle, help: "start the run, or go on with it, whichever is due"},
		{name: "again", kind: toggle, help: "carry out a job file once more that was completed before"},
		{name: "latency", arg: "SPAN", def: "250ms", help: "how long a call to Zoho is taken to last", profiled: true},
		{name: "check", kind: toggle, help: "look at the records' lock state first, by bulk reads (exit 9 on a surprise)"},
		{name: "deadline", arg: "TIME", help: "when all is to be done: 06:00, or 2006-01-02T15:04 (exit 9 if not)"},
		{name: "quick", kind: toggle, help: "tell locked from unlocked and gone, and no more: a hundredth of a credit a row"},
		{name: "cutoff", arg: "TIME", help: "list what was edited between this time (2006-01-02T15:04) and its lock"},
		{name: "yes", kind: toggle, help: "do not ask"},
		{name: "json", kind: toggle, help: "one JSON document on standard output"},
		{name: "code", kind: list, arg: "CODES", help: "only rows that failed with these codes, commas between"},
		{name: "all", kind: toggle, help: "also rows whose failure another attempt will hardly change"},
		{name: "only", kind: list, arg: "OUTCOMES", help: "only rows with these outcomes, commas between"},
		{name: "format", arg: "FORMAT", help: "csv or jsonl (default: by the name of -o, else csv)"},
		{name: "output", arg: "FILE", help: "write to FILE instead of standard output"},
		{name: "force", kind: toggle, help: "replace a file that is there"},
		{name: "rows", arg: "N", help: "rows in the page, at most (default 100000)"},
		{name: "state", kind: list, arg: "STATES", help: "only runs in these states, commas between"},
		{name: "watch", kind: toggle, help: "go on looking until nobody works on the run"},
		{name: "interval", arg: "SPAN", def: "2s", help: "how often --watch looks", profiled: true},
		{name: "dry-run", kind: toggle, help: "say what would be done, and do nothing"},
		{name: "with-locks", kind: toggle, help: "also forget runs whose locks still hold"},
		{name: "raw-csv", kind: toggle, help: "leave cells as they are, for machines: no guard against formulas"},
	}
}

// tellSettings say who else is told how a run ends.
func tellSettings() []setting {
	return []setting{
		{name: "notify", kind: list, arg: "COMMAND|URL", help: "tell a command, or an https address, how it ended; may be repeated", profiled: true},
		{name: "metrics", arg: "FILE", help: "keep figures for Prometheus in FILE, for a textfile collector", profiled: true},
	}
}

func settingNamed(name string) (setting, bool) {
	all := settings()
	i := slices.IndexFunc(all, func(s setting) bool { return s.name == name })
	if i < 0 {
		return setting{}, false
	}
	return all[i], true
}

// variable is the environment's name for a setting.
func variable(name string) string {
	return "ZLOCK_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// define adds the named settings to a command's flags.
func define(flags *pflag.FlagSet, names ...string) {
	flags.SortFlags = false // help keeps what belongs together
	for _, name := range names {
		s, ok := settingNamed(name)
		if !ok {
			panic("cli: no setting is called " + name) // a slip in our own tables, which every command would show
		}
		switch short := map[string]string{"output": "o"}[name]; s.kind {
		case toggle:
			flags.BoolP(name, short, s.def == "true", s.help)
		case list:
			flags.VarP(&texts{arg: s.arg}, name, short, s.help)
		default:
			flags.VarP(&word{value: s.def, arg: s.arg}, name, short, s.help)
		}
	}
}

// word is a flag's value whose type, as help prints it, is what the value means.
type word struct{ value, arg string }

func (w *word) String() string     { return w.value }
func (w *word) Set(s string) error { w.value = s; return nil }
func (w *word) Type() string       { return w.arg }

// texts is a flag that may be repeated.
type texts struct {
	values []string
	arg    string
}

func (t *texts) String() string     { return strings.Join(t.values, "\n") }
func (t *texts) Set(s string) error { t.values = append(t.values, s); return nil }
func (t *texts) Type() string       { return t.arg }
func (t *texts) each() []string     { return t.values }

func names(of []setting) []string {
	out := make([]string, 0, len(of))
	for _, s := range of {
		out = append(out, s.name)
	}
	return out
}

// value is what a setting has come to, and who said so.
type value struct {
	text  string
	where string // how a message names it: "--rate 5", "ZLOCK_RATE=5"; "" for a default
	flag  bool   // given on the command line
	given bool   // given at all
}

// values are the settings of one command.
type values map[string]value

// environment reports a value that a variable gave.
func (v value) environment() bool { return strings.HasPrefix(v.where, "ZLOCK_") }

// sources is where values come from; the first that has one wins. What a run that goes on was
// started with comes in between: see values.with.
type sources struct {
	flags   *pflag.FlagSet
	env     func(string) string
	profile profile
}

// resolve finds the value of every setting.
func (s sources) resolve() values {
	v := values{}
	for _, set := range settings() {
		v[set.name] = s.find(set)
	}
	return v
}

func (s sources) find(set setting) value {
	if set.fileOnly {
		return s.profiled(set)
	}
	if flag := s.flags.Lookup(set.name); flag != nil && flag.Changed {
		return value{text: flag.Value.String(), where: spell(set, flag.Value.String()), flag: true, given: true}
	}
	if text := s.env(variable(set.name)); text != "" {
		return value{text: text, where: variable(set.name) + "=" + clean(text), given: true}
	}
	return s.profiled(set)
}

// profiled is the value that the profile gives, or the default.
func (s sources) profiled(set setting) value {
	if text, ok := s.profile.values[set.name]; ok {
		return value{text: text, where: fmt.Sprintf("%s %q of profile %s", set.name, text, s.profile.name), given: true}
	}
	return value{text: set.def}
}

func spell(s setting, text string) string {
	if s.kind == toggle && text == "true" {
		return "--" + s.name
	}
	return "--" + s.name + " " + clean(text)
}

// carried is what of the values a later resume is to inherit: those given on the command line
// under their names, those of the environment under their variables', so that each keeps its rank.
func (v values) carried() map[string]string {
	out := map[string]string{}
	for _, s := range settings() {
		got := v[s.name]
		switch {
		case !s.inherited || !got.given:
		case got.flag:
			out[s.name] = got.text
		case got.environment():
			out[variable(s.name)] = got.text
		}
	}
	return out
}

// on reports a toggle; one that is not true or false is told to problem.
func (v values) on(name string, problem func(error)) bool {
	got := v[name]
	if got.text == "" {
		return false
	}
	on, err := strconv.ParseBool(got.text)
	if err != nil {
		problem(usage(fmt.Sprintf("%s: must be true or false", got.where)))
	}
	return on
}

// strangers returns a warning for each variable that looks like ours and is not.
func strangers(environ []string) (warnings []string) {
	known := credentialNames()
	for _, s := range settings() {
		if !s.fileOnly {
			known = append(known, variable(s.name))
		}
	}
	found := map[string]bool{}
	for _, pair := range environ {
		if name, _, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, "ZLOCK_") && !slices.Contains(known, name) {
			found[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		warnings = append(warnings, fmt.Sprintf("environment variable %s is not known and is passed over%s", clean(name), didYouMean(name, known)))
	}
	return warnings
}
