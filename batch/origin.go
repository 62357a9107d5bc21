package batch

import (
	"fmt"
	"strings"
)

// origins counts how ids begin. An organisation's ids share all but their last twelve digits; a few that
// begin otherwise are likely another organisation's.
type origins struct {
	ids     int64
	counts  map[string]int64
	example map[string]Fault
}

// mostOrigins bounds what is remembered of a file with ids of no order.
const mostOrigins = 100

// count takes note of a row's id.
func (o *origins) count(id string, line int, seq int64) {
	const counter = 12
	if len(id) <= counter+3 {
		return
	}
	if o.counts == nil {
		o.counts, o.example = map[string]int64{}, map[string]Fault{}
	}
	begins := id[:len(id)-counter]
	if _, known := o.counts[begins]; !known {
		if len(o.counts) == mostOrigins {
			return
		}
		o.example[begins] = Fault{Line: line, Value: id, Seq: seq}
	}
	o.ids++
	o.counts[begins]++
}

// warning tells of ids that begin otherwise than at least nine in ten others.
func (o *origins) warning() (string, bool) {
	usual := ""
	for begins, n := range o.counts {
		if usual == "" || n > o.counts[usual] {
			usual = begins
		}
	}
	others := o.ids - o.counts[usual]
	if others == 0 || others*9 > o.counts[usual] {
		return "", false
	}
	first := Fault{}
	for begins, f := range o.example {
		if begins != usual && (first.Seq == 0 || f.Seq < first.Seq) {
			first = f
		}
	}
	return fmt.Sprintf("%d of %d ids begin otherwise than the rest, with %s (line %d: %s): are they another organisation's?",
		others, o.ids, usual, first.Line, strings.TrimSpace(first.Value)), true
}
