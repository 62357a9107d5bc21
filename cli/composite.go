package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"zlock/batch"
	"zlock/zoho"
)

// factComposite is what is remembered of an org's composite calls.
const factComposite = "composite"

// refusedFor is how long it is remembered that a composite did not take a call: Zoho may come to it.
const refusedFor = 30 * 24 * time.Hour

// admission is whether a composite took one kind of call, and when that was learnt.
type admission struct {
	Taken bool      `json:"taken"`
	At    time.Time `json:"at"`
}

// composite reads --composite, which cannot be had with fewer slots than one takes.
func (p *parser) composite(concurrency int64) batch.Composite {
	mode := batch.Composite(p.choice("composite", "auto", "on", "off"))
	if mode == batch.CompositeOn && concurrency < zoho.MaxParts {
		p.problem(usage(fmt.Sprintf("%s: a composite takes %d calls at once, and --concurrency is %d", p.said("composite"), zoho.MaxParts, concurrency),
			fmt.Sprintf("give --concurrency %d or more, or --composite auto", zoho.MaxParts)))
	}
	return mode
}

// admissions is what is remembered of the org, by the call.
func (s *sitting) admissions(ctx context.Context) map[string]admission {
	known := map[string]admission{}
	text, err := s.db.Recall(ctx, s.org.key, factComposite)
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &known)
	}
	if err != nil {
		s.log.Warn("what composite calls take is not remembered", "error", err)
		return map[string]admission{}
	}
	return known
}

// admits is what of that still counts.
func (s *sitting) admits(ctx context.Context) map[string]bool {
	out := map[string]bool{}
	for op, a := range s.admissions(ctx) {
		if a.Taken || s.world.Now().Sub(a.At) < refusedFor {
			out[op] = a.Taken
		}
	}
	return out
}

// learnAdmits remembers whether a composite takes a kind of call.
func (s *sitting) learnAdmits(ctx context.Context, op string, taken bool) {
	known := s.admissions(ctx)
	known[op] = admission{taken, s.world.Now().UTC()}
	text, err := json.Marshal(known)
	if err == nil {
		err = s.db.Remember(ctx, s.org.key, factComposite, string(text))
	}
	if err != nil {
		s.log.Warn("what composite calls take could not be remembered", "error", err)
	}
}

// summariseComposite says what composites carried.
func summariseComposite(b *strings.Builder, report batch.CompositeReport) {
	if report.Carried > 0 {
		fmt.Fprintf(b, "  composite: %s went along in %s\n", counted(int64(report.Carried), "call", "calls"),
			counted(int64(report.Made), "composite", "composites"))
	}
}
