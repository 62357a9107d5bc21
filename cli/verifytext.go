package cli

import (
	"fmt"
	"io"
	"strings"

	"zlock/audit"
	"zlock/batch"
	"zlock/zoho"
)

// verifyShown is how many rows of a kind the summary names.
const verifyShown = 20

// findings are the first of a kind, and how many there are.
type findings struct {
	some []audit.Finding
	n    int64
}

func (l *findings) add(f *audit.Finding) {
	if l.n++; l.n <= verifyShown {
		l.some = append(l.some, *f)
	}
}

// keep remembers what the summary tells one by one.
func (x *verifying) keep(f *audit.Finding) {
	if f.What.Difference() || f.What == audit.Unread {
		x.first.add(f)
	}
	if editedEarly(f) {
		x.early.add(f)
	}
}

// summary says on a screen what was found.
func (x *verifying) summary(w io.Writer) error {
	var b strings.Builder
	calls, _ := x.spent()
	fmt.Fprintf(&b, "run %s of %s  %s\n", x.run.ID, clean(x.run.JobFile), stateText(x.run))
	fmt.Fprintf(&b, "verified %s by %s%s\n", momentIn(x.verified, x.pace.zone), counted(int64(calls), "call", "calls"),
		map[bool]string{true: " (quick: not whose locks, nor why)"}[x.quick])
	x.printCounts(&b)
	x.printDifferences(&b)
	x.printEdits(&b)
	x.printStrength(&b)
	if x.first.n > 0 || x.early.n > 0 {
		if x.file.output == "" {
			fmt.Fprintf(&b, "next: %s\n", x.place.command("verify", x.run.ID, "-o", "verified.csv"))
		}
	}
	var folded strings.Builder
	for line := range strings.Lines(b.String()) {
		fold(&folded, line, helpWidth)
	}
	_, err := io.WriteString(w, folded.String())
	return err
}

// whatWords say what was found.
var whatWords = map[audit.What]string{
	audit.AsLeft:        "as the run left it",
	audit.Unlocked:      "unlocked since",
	audit.Gone:          "gone: deleted, or hidden from the signed-in user",
	audit.LockedSince:   "locked since, though the run left it unlocked",
	audit.OtherOwner:    "locked by another",
	audit.OtherLock:     "locked anew: another lock id",
	audit.ReasonDiffers: "locked for another reason",
	audit.Unread:        "not told by Zoho",
}

// rowWords say it of one row, where its symbol and the lock say the rest.
var rowWords = map[audit.What]string{
	audit.Unlocked: "unlocked", audit.Gone: "gone", audit.LockedSince: "locked", audit.OtherOwner: "locked",
	audit.OtherLock: "locked anew", audit.ReasonDiffers: "reason differs", audit.Unread: "not told",
}

func (x *verifying) printCounts(b *strings.Builder) {
	r := x.report
	t := newTable(1)
	for _, what := range audit.Whats() {
		if n := r.Counts[what]; n > 0 && what.Compared() {
			t.add(what.Symbol(), number(n), whatWords[what])
		}
	}
	t.add("", number(r.Compared()), "compared")
	if n := r.Counts[audit.Superseded]; n > 0 {
		t.add("", number(n), "not compared: another row of the same record decides")
	}
	for _, o := range batch.Outcomes() {
		if n := r.Left[o]; n > 0 {
			t.add("", number(n), "not compared: "+string(o))
		}
	}
	if n := x.run.Total - r.Rows; n > 0 {
		t.add("", number(n), "not looked at")
	}
	t.print(b, "  ")
}

func (x *verifying) printDifferences(b *strings.Builder) {
	if x.first.n == 0 {
		return
	}
	fmt.Fprintf(b, "differences%s:\n", x.first.share())
	for i := range x.first.some {
		f := &x.first.some[i]
		fmt.Fprintf(b, "  %s line %d  %s %s  %s\n", f.What.Symbol(), f.Line, clean(f.Module), clean(f.RecordID), x.differs(f))
	}
}

// share says how many of a kind are told.
func (l *findings) share() string {
	if l.n > verifyShown {
		return fmt.Sprintf(", the first %d of %s", verifyShown, number(l.n))
	}
	return ""
}

// differs says what is other than the run left it, and by whom, as far as that is known.
func (x *verifying) differs(f *audit.Finding) string {
	text := rowWords[f.What]
	switch {
	case f.What == audit.Unread:
		return text + ": " + clean(f.Note)
	case f.What == audit.ReasonDiffers:
		return fmt.Sprintf("%s: %s, not %s", text, quoted(f.Lock.Reason), quoted(f.Expected.Reason))
	case f.Lock == nil:
		return text
	}
	text += by(f.Lock)
	if f.Lock.Reason != "" {
		text += " for " + quoted(f.Lock.Reason)
	}
	return text
}

func by(l *zoho.Lock) string {
	if l.Source == zoho.Automatic {
		return " by a rule of the module"
	}
	if l.By.Name == "" && l.By.ID == "" {
		return ""
	}
	return " by " + clean(orElse(l.By.Name, l.By.ID))
}

func (x *verifying) printEdits(b *strings.Builder) {
	e := x.report.Edits
	if n := e[audit.AfterLock]; n > 0 {
		fmt.Fprintf(b, "advice: %s edited after being locked, by somebody or in something that the lock lets through\n",
			counted(n, "record was", "records were"))
	}
	if x.cutoff.IsZero() {
		return
	}
	fmt.Fprintf(b, "cut-off %s: %s edited between it and the lock%s\n", momentIn(x.cutoff, x.pace.zone),
		counted(e[audit.BeforeLock], "record was", "records were"), map[bool]string{true: ", as far as is known"}[x.hidden() > 0])
	for i := range x.early.some {
		f := &x.early.some[i]
		who := ""
		if f.ModifiedBy != (zoho.User{}) {
			who = ", by " + clean(orElse(f.ModifiedBy.Name, f.ModifiedBy.ID))
		}
		if f.Edit == audit.AfterCutoff {
			who += "; when it was locked is not known"
		}
		fmt.Fprintf(b, "  line %d  %s %s  %s%s\n", f.Line, clean(f.Module), clean(f.RecordID), momentIn(f.ModifiedAt, x.pace.zone), who)
	}
	if x.early.n > verifyShown {
		fmt.Fprintf(b, "  and %s more\n", number(x.early.n-verifyShown))
	}
	if n := e[audit.AtLock]; n > 0 {
		fmt.Fprintf(b, "  %s last changed within moments of the lock: that may be the lock itself\n", counted(n, "record was", "records were"))
	}
	if n := e[audit.AfterLock]; n > 0 {
		fmt.Fprintf(b, "  %s last edited after the lock: an edit before it could lie behind that\n", counted(n, "record was", "records were"))
	}
}

// hidden is how many records may have been edited between cut-off and lock without a sign.
func (x *verifying) hidden() int64 {
	e := x.report.Edits
	return e[audit.AfterLock] + e[audit.AtLock] + e[audit.AfterCutoff]
}

func (x *verifying) printStrength(b *strings.Builder) {
	if len(x.modules) == 0 {
		return
	}
	fmt.Fprintf(b, "who can still edit what is locked:\n")
	for _, s := range x.modules {
		fmt.Fprintf(b, "  %s  %s\n", clean(s.Module), x.strength(s))
	}
}

func (x *verifying) strength(s audit.Strength) string {
	switch c := s.Configuration; {
	case s.Err != nil:
		return "not known: " + clean(s.Err.Error())
	case c == nil:
		return "The module has no locking configuration any more: what its locks still hold back is not known."
	default:
		text := strings.Join([]string{whoIsBound(*c), whatStays(*c), whatIsBlocked(*c)}, " ")
		changed, known := s.Changed(x.run.StartedAt, x.offset())
		switch {
		case changed:
			text += " Changed since the run began: " + momentIn(s.ChangedAt, x.pace.zone)
			if name := c.ModifiedBy.Name; name != "" {
				text += ", by " + clean(name)
			}
			return text + "."
		case !known:
			return text + " Whether that was changed since the run is not known."
		}
		return text + " Not changed since the run began."
	}
}
