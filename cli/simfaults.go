package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"zlock/zoho/sim"
)

// simFault is a name of the faults' little language and what it means.
type simFault struct {
	name string
	kind sim.Kind
	span bool // says nothing without a span
}

// simFaults are the names in the order in which they are told. docs/sim.md says more of each.
func simFaults() []simFault {
	return []simFault{
		{name: "429", kind: sim.Throttle429}, {name: "429-numeric", kind: sim.Throttle429Numeric},
		{name: "429-credits", kind: sim.Throttle429Credits}, {name: "429-minute", kind: sim.Throttle429Minute},
		{name: "429-hint", kind: sim.Throttle429Hint, span: true},
		{name: "500", kind: sim.Status500Before}, {name: "500-after", kind: sim.Status500After},
		{name: "502", kind: sim.HTML502Before}, {name: "502-after", kind: sim.HTML502After},
		{name: "503", kind: sim.Status503}, {name: "outage", kind: sim.Outage},
		{name: "drop-before", kind: sim.DropBefore}, {name: "drop-after", kind: sim.DropAfter},
		{name: "cut-body", kind: sim.CutBody}, {name: "empty-body", kind: sim.EmptyBody}, {name: "huge-body", kind: sim.HugeBody},
		{name: "late-effect", kind: sim.LateEffect, span: true}, {name: "slow", kind: sim.Slow, span: true},
		{name: "drip", kind: sim.Drip}, {name: "hang", kind: sim.Hang},
		{name: "token-revoked", kind: sim.TokenRevoked}, {name: "forbidden", kind: sim.Forbidden},
		{name: "redirect", kind: sim.Redirect}, {name: "wrong-id", kind: sim.WrongID}, {name: "change-hands", kind: sim.ChangeHands},
	}
}

// simOps are the calls that a fault can be narrowed to.
func simOps() []sim.Op {
	return []sim.Op{
		sim.AnyRead, sim.AnyWrite, sim.OpLock, sim.OpUnlock, sim.OpReason, sim.OpList, sim.OpGet, sim.OpRecord, sim.OpRecords,
		sim.OpQuery, sim.OpConfiguration, sim.OpModules, sim.OpFields, sim.OpUsers, sim.OpOrg, sim.OpComposite, sim.OpToken,
	}
}

// parseFaults reads faults such as "429:5%,outage:30s@2m,drop-after:lock:#1".
func parseFaults(items []string) ([]sim.Fault, error) {
	var list []sim.Fault
	for _, item := range items {
		f, err := parseFault(item)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

// badFault says what is wrong with a fault, and how one is written.
func badFault(item, what string) error {
	return usage(fmt.Sprintf("--faults %s: %s", clean(item), what),
		"a fault is NAME[:PART…][@FROM[-UNTIL]]; its parts are a share (5%), a span (3s), a call (lock), #N or /N",
		"as in 429:5%, slow:3s:10%, outage:30s@2m, drop-after:lock:#1")
}

// parseFault reads NAME[:PART…][@FROM[-UNTIL]].
func parseFault(item string) (sim.Fault, error) {
	body, when, timed := strings.Cut(item, "@")
	parts := strings.Split(body, ":")
	kind, err := faultNamed(item, parts[0])
	if err != nil {
		return sim.Fault{}, err
	}
	f := sim.Fault{Do: kind.kind}
	seen := map[string]bool{}
	for _, part := range parts[1:] {
		what, err := addFaultPart(&f, part)
		if err != nil {
			return f, badFault(item, err.Error())
		}
		if seen[what] {
			return f, badFault(item, "it has two "+what)
		}
		seen[what] = true
	}
	if timed {
		if err := addFaultTime(&f, when); err != nil {
			return f, badFault(item, err.Error())
		}
	}
	switch {
	case kind.span && f.For == 0:
		return f, badFault(item, kind.name+" needs a span, such as "+kind.name+":3s")
	case kind.kind == sim.Outage && f.For > 0 && f.Match.Until > 0:
		return f, badFault(item, "its end is given twice, by the span and after the @")
	case kind.kind == sim.Outage && f.For > 0:
		f.Match.Until, f.For = f.Match.From+f.For, 0
	}
	return f, nil
}

func faultNamed(item, name string) (simFault, error) {
	var names []string
	for _, f := range simFaults() {
		if f.name == name {
			return f, nil
		}
		names = append(names, f.name)
	}
	return simFault{}, badFault(item, fmt.Sprintf("there is no fault %q%s; there are %s", clean(name), didYouMean(name, names), strings.Join(names, " ")))
}

// addFaultPart adds one part to f, and says what it was.
func addFaultPart(f *sim.Fault, part string) (what string, err error) {
	n, numberErr := strconv.Atoi(strings.TrimLeft(part, "#/"))
	switch {
	case strings.HasSuffix(part, "%"):
		share, err := strconv.ParseFloat(strings.TrimSuffix(part, "%"), 64)
		if err != nil || !(share > 0 && share <= 100) { // NaN is neither
			return "", fmt.Errorf("%q is no share above 0%% and up to 100%%", clean(part))
		}
		f.Match.Prob = share / 100
		return "shares", nil
	case strings.HasPrefix(part, "#"), strings.HasPrefix(part, "/"):
		if numberErr != nil || n < 1 {
			return "", fmt.Errorf("%q is no whole number from 1", clean(part))
		}
		if part[0] == '#' {
			f.Match.Nth = n
		} else {
			f.Match.Every, f.Match.Overall = n, true
		}
		return "numbers", nil
	}
	for _, op := range simOps() {
		if part == string(op) {
			f.Match.Op = op
			return "calls", nil
		}
	}
	d, err := parseSpan(part)
	if err != nil || d <= 0 || d > 24*time.Hour {
		return "", fmt.Errorf("%q is no share, no span, and no call (%s)", clean(part), callNames())
	}
	f.For = d
	return "spans", nil
}

func callNames() string {
	var names []string
	for _, op := range simOps() {
		names = append(names, string(op))
	}
	return strings.Join(names, " ")
}

// addFaultTime reads when the fault strikes, counted from the start.
func addFaultTime(f *sim.Fault, when string) error {
	from, until, bounded := strings.Cut(when, "-")
	var err error
	if f.Match.From, err = parseSpan(from); err != nil || f.Match.From < 0 {
		return fmt.Errorf("%q is no span after the start, such as 2m", clean(from))
	}
	if !bounded {
		return nil
	}
	if f.Match.Until, err = parseSpan(until); err != nil || f.Match.Until <= f.Match.From {
		return fmt.Errorf("%q is no span after the start that ends later than it begins", clean(until))
	}
	return nil
}
