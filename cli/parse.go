package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// parser reads values with their limits. It keeps the first thing that is wrong, so that the
// code that reads a dozen settings can be read itself.
type parser struct {
	values
	err error
}

func (p *parser) problem(err error) {
	if p.err == nil {
		p.err = err
	}
}

// refuse says of a value what it must be; the message names who said it.
func (p *parser) refuse(name, must string) {
	p.problem(usage(p.said(name) + ": must be " + must))
}

func (p *parser) said(name string) string {
	if got := p.values[name]; got.where != "" {
		return got.where
	}
	return "--" + name + " " + p.values[name].text
}

func (p *parser) flag(name string) bool { return p.on(name, p.problem) }

// count reads a whole number; def where nobody gave one. Why says where the limits come from.
func (p *parser) count(name string, def, least, most int64, why ...string) int64 {
	got := p.values[name].text
	if got == "" {
		return def
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(got, "_", ""), 10, 64)
	if err != nil || n < least || n > most {
		p.refuse(name, fmt.Sprintf("a whole number from %s to %s", number(least), number(most))+strings.Join(why, ""))
		return def
	}
	return n
}

// decimal reads a number that may have a fraction; NaN and infinities are none.
func (p *parser) decimal(name string, least, most float64) float64 {
	n, err := strconv.ParseFloat(p.values[name].text, 64)
	if err != nil || math.IsNaN(n) || n < least || n > most {
		p.refuse(name, fmt.Sprintf("a number from %g to %g", least, most))
		return least
	}
	return n
}

// span reads a duration; 0 where nobody gave one.
func (p *parser) span(name string, least, most time.Duration) time.Duration {
	got := p.values[name].text
	if got == "" {
		return 0
	}
	d, err := parseSpan(got)
	if err != nil || d < least || d > most {
		p.refuse(name, fmt.Sprintf("a span from %s to %s, such as 90s, 10m or 2h", shortSpan(least), shortSpan(most)))
		return least
	}
	return d
}

// parseSpan is time.ParseDuration, and days.
func parseSpan(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil && n >= 0 && n <= 36500 {
			return time.Duration(n * float64(24*time.Hour)), nil
		}
	}
	return time.ParseDuration(s)
}

func shortSpan(d time.Duration) string {
	switch {
	case d >= 24*time.Hour && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	default:
		return d.String()
	}
}

// percent reads a share such as "5%" or "5" as 0.05; "none" is 0.
func (p *parser) percent(name string) float64 {
	got := strings.TrimSpace(p.values[name].text)
	if strings.EqualFold(got, "none") || got == "" {
		return 0
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(got, "%"), 64)
	if err != nil || math.IsNaN(n) || n <= 0 || n > 100 {
		p.refuse(name, "a percentage above 0 and up to 100, or none")
		return 0
	}
	return n / 100
}

// creditsOf reads credits, in credits or as a percentage of all there are in a day.
func (p *parser) creditsOf(name string, day int64) int64 {
	got := p.values[name].text
	must := fmt.Sprintf("from 0 to less than the day's %s credits, or 0%% to less than 100%%", number(day))
	var n float64
	var err error
	if share, ok := strings.CutSuffix(got, "%"); ok {
		n, err = strconv.ParseFloat(share, 64)
		n = math.Ceil(n / 100 * float64(day))
	} else {
		var whole int64
		whole, err = strconv.ParseInt(got, 10, 64)
		n = float64(whole)
	}
	if err != nil || math.IsNaN(n) || n < 0 || n >= float64(day) {
		p.refuse(name, must)
		return 0
	}
	return int64(n)
}

// choice reads one of a few words.
func (p *parser) choice(name string, words ...string) string {
	got := strings.ToLower(p.values[name].text)
	if got == "" {
		return ""
	}
	for _, word := range words {
		if got == word {
			return got
		}
	}
	p.refuse(name, "one of "+strings.Join(words, ", ")+didYouMean(got, words))
	return words[0]
}

// size reads bytes: 65536, 64KiB, 2GiB, 10MB.
func (p *parser) size(name string, least, most int64) int64 {
	n, ok := parseSize(p.values[name].text)
	if !ok || n < least || n > most {
		p.refuse(name, fmt.Sprintf("a size from %s to %s bytes, such as 65536, 64KiB or 2GiB", number(least), number(most)))
		return least
	}
	return n
}

func parseSize(s string) (int64, bool) {
	digits := strings.TrimRight(s, "KMGTiBkmgtb ")
	unit := strings.ToLower(strings.TrimSpace(s[len(digits):]))
	factor, ok := map[string]int64{
		"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
		"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	}[unit]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !ok || n < 0 || n > math.MaxInt64/factor {
		return 0, false
	}
	return n * factor, true
}

// clock reads when to stop: a time of day, which is the next one, or a day and a time.
func (p *parser) clock(name string, now time.Time) time.Time {
	got := p.values[name].text
	if got == "" {
		return time.Time{}
	}
	if t, ok := parseMoment(got, now.Location()); ok {
		if !t.After(now) {
			p.refuse(name, "in the future; it is "+now.Format("2006-01-02T15:04")+" now")
		}
		return t
	}
	t, err := time.ParseInLocation("15:04", got, now.Location())
	if err != nil {
		p.refuse(name, "a time such as 06:00 or 2006-01-02T15:04")
		return time.Time{}
	}
	at := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), 0, 0, now.Location())
	if !at.After(now) {
		at = time.Date(now.Year(), now.Month(), now.Day()+1, t.Hour(), t.Minute(), 0, 0, now.Location())
	}
	return at
}

// parseMoment reads a day and a time, in the layouts of everybody and those added.
func parseMoment(text string, zone *time.Location, more ...string) (time.Time, bool) {
	for _, layout := range append([]string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"}, more...) {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// past reads a moment that has been, in the layouts of everybody and those added; must says what else it may be.
func (p *parser) past(name string, now time.Time, must string, more ...string) time.Time {
	t, ok := parseMoment(p.values[name].text, now.Location(), more...)
	switch {
	case !ok:
		p.refuse(name, must)
	case t.After(now):
		p.refuse(name, "in the past; it is "+now.Format("2006-01-02T15:04")+" now")
	}
	return t
}

// words reads a list: given several times, or once with commas.
func (p *parser) words(name string) []string {
	var out []string
	for _, word := range strings.FieldsFunc(p.values[name].text, func(r rune) bool { return r == ',' || r == '\n' }) {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

// pairs reads --map: field=Column, several times; a column's name may hold commas there, but
// not in the environment, where commas part the pairs.
func (p *parser) pairs(name string) map[string]string {
	got := p.values[name]
	if got.text == "" {
		return nil
	}
	parts := strings.Split(got.text, "\n")
	if !got.flag {
		parts = strings.Split(got.text, ",")
	}
	out := map[string]string{}
	for _, part := range parts {
		field, column, ok := strings.Cut(part, "=")
		field = strings.ToLower(strings.TrimSpace(field))
		if _, twice := out[field]; !ok || column == "" || twice || nearest(field, fields()) != field {
			p.refuse(name, "field=Column, each field once; the fields are "+strings.Join(fields(), " "))
			return nil
		}
		out[field] = strings.TrimSpace(column)
	}
	return out
}

// fields are what a column of a job file can hold.
func fields() []string { return []string{"record_id", "module", "action", "reason", "lock_id"} }
