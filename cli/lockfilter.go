package cli

import (
	"regexp"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"zlock/zoho"
)

// lockFilter says which locks are meant.
type lockFilter struct {
	before time.Time      // made earlier than this; zero for at any time
	reason *regexp.Regexp // nil for any
	by     []string       // names, ids, or me; empty for anybody
	source zoho.Source    // "" for any
	ours   bool           // those that runs of ours have left, as the checkpoint remembers them
	run    string         // of these, only those of one run
}

// foundLock is a lock that was found, or a record of which no more is known than that it is locked.
type foundLock struct {
	recordID string
	lock     zoho.Lock // zero where nobody looked
	several  bool      // the record has other locks besides
	own      bool      // a run of ours left it, as the checkpoint remembers: nobody has looked since
	run      string    // that run; "" where it is forgotten
	made     bool      // that run or one before made it; else it was another's, and got a reason of ours
}

// filterHelp is what help says of where the filters come from.
const filterHelp = "PATTERN is the whole reason, in any case, where * stands for any text and ? for one character. WHO is a " +
	"user's name or id, or me; several with commas. AGE is a span such as 30d or 12h, TIME a moment such as " +
	"2026-06-30 or 2026-06-30T18:00. These flags are taken from the command line alone."

// defineLockFilter adds the flags of a lockFilter.
func defineLockFilter(flags *pflag.FlagSet, sources string) {
	flags.Var(&word{arg: "AGE|TIME"}, "locked-before", "only locks that are older, or were made before a moment")
	flags.Var(&word{arg: "PATTERN"}, "reason", "only locks for such a reason")
	flags.Var(&word{arg: "WHO"}, "locked-by", "only locks that such users made")
	flags.Var(&word{arg: "SOURCE"}, "source", "only locks made like that: "+sources)
	flags.Bool("ours", false, "only locks that runs of ours have left: found without a call")
	flags.Var(&word{arg: "RUN"}, "from-run", "of these, only those of one run")
}

// readLockFilter reads the flags of a lockFilter; sources are the words that --source may be. Of --from-run
// it leaves the run as it was typed.
func readLockFilter(flags *pflag.FlagSet, now time.Time, zone *time.Location, sources ...string) (lockFilter, error) {
	read := parser{values: values{}}
	for _, name := range []string{"locked-before", "reason", "locked-by", "source", "from-run"} {
		read.values[name] = ownFlag(flags, name)
	}
	f := lockFilter{before: read.before("locked-before", now.In(zone)), by: read.words("locked-by"), run: read.values["from-run"].text}
	if text := read.values["reason"]; text.given {
		f.reason = pattern(text.text)
	}
	if word := read.choice("source", sources...); word != "" {
		f.source = zoho.Source(strings.ToUpper(word[:1]) + word[1:])
	}
	f.ours = flags.Lookup("ours").Changed && flags.Lookup("ours").Value.String() == "true" || f.run != ""
	if f.ours && len(f.by) > 0 {
		read.problem(usage("--locked-by asks Zoho, --ours and --from-run ask nobody", "give one of them"))
	}
	if f.ours && f.source != "" && f.source != zoho.Manual {
		read.problem(usage("--source "+strings.ToLower(string(f.source))+": runs of ours make no such locks", "leave it out, or --ours"))
	}
	return f, read.err
}

// before reads a moment in the past, or an age as one; zero where nobody gave one.
func (p *parser) before(name string, now time.Time) time.Time {
	got := p.values[name]
	if !got.given {
		return time.Time{}
	}
	if age, err := parseSpan(got.text); err == nil && age >= 0 {
		return now.Add(-age)
	}
	return p.past(name, now, "an age such as 30d or 12h, or a moment such as 2006-01-02 or 2006-01-02T15:04", time.DateOnly)
}

// pattern compiles what --reason says: only * and ? have a meaning of their own.
func pattern(text string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(text)
	quoted = strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(quoted)
	return regexp.MustCompile(`(?is)\A` + quoted + `\z`)
}

// any reports a filter that takes every lock.
func (f lockFilter) any() bool {
	return f.before.IsZero() && f.reason == nil && len(f.by) == 0 && f.source == "" && !f.ours
}

// asksForMe reports a filter that needs to know who is signed in.
func (f lockFilter) asksForMe() bool {
	for _, who := range f.by {
		if strings.EqualFold(who, "me") {
			return true
		}
	}
	return false
}

// takes reports whether the lock is one of those meant; me is who is signed in. A lock of which Zoho does
// not say when it was made is not older than anything.
func (f lockFilter) takes(found foundLock, me zoho.User) bool {
	l := found.lock
	switch {
	case !f.before.IsZero() && (l.At.IsZero() || !l.At.Before(f.before)):
		return false
	case f.reason != nil && !f.reason.MatchString(l.Reason):
		return false
	case f.source != "" && l.Source != f.source:
		return false
	case f.run != "" && found.run != f.run:
		return false
	}
	return len(f.by) == 0 || f.byOneOf(l.By, me)
}

func (f lockFilter) byOneOf(by, me zoho.User) bool {
	for _, who := range f.by {
		switch {
		case strings.EqualFold(who, "me"):
			if me.ID != "" && by.ID == me.ID {
				return true
			}
		case by.ID != "" && who == by.ID, by.Name != "" && strings.EqualFold(who, by.Name):
			return true
		}
	}
	return false
}
