package batch

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxReason is how many characters Zoho takes as a reason.
// (Zoho: "Lock a Record", Locked_Reason__s.)
const maxReason = 3000

// template is a reason with placeholders: literal parts and names by turns.
type template []part

// part is literal text, or the name between the braces of a placeholder.
type part struct {
	text string
	name bool
}

// parseTemplate splits a reason at its {placeholders}. Braces that hold nothing, a brace or a line
// break are text.
func parseTemplate(s string) template {
	var t template
	for s != "" {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			break
		}
		end := strings.IndexAny(s[open+1:], "{}\n\r")
		if end < 1 || s[open+1+end] != '}' {
			t, s = t.literal(s[:open+1]), s[open+1:]
			continue
		}
		if open > 0 {
			t = t.literal(s[:open])
		}
		t = append(t, part{s[open+1 : open+1+end], true})
		s = s[open+end+2:]
	}
	if s != "" {
		t = t.literal(s)
	}
	return t
}

func (t template) literal(s string) template { return append(t, part{text: s}) }

// fill puts values in. A name that has none stays as it stood, and is returned.
func (t template) fill(value func(name string) (string, bool)) (filled string, unknown []string) {
	var b strings.Builder
	for _, p := range t {
		if !p.name {
			b.WriteString(p.text)
			continue
		}
		if v, ok := value(p.text); ok {
			b.WriteString(v)
			continue
		}
		unknown = append(unknown, p.text)
		b.WriteString("{" + p.text + "}")
	}
	return b.String(), unknown
}

// uses reports whether a placeholder of that name occurs.
func (t template) uses(name string) bool {
	for _, p := range t {
		if p.name && p.text == name {
			return true
		}
	}
	return false
}

// blankReason reports whether a reason says nothing.
func blankReason(s string) bool {
	return strings.TrimFunc(s, func(c rune) bool { return unicode.IsSpace(c) || unicode.Is(unicode.Cf, c) }) == ""
}

// checkControls refuses characters that no person types and some terminals obey.
func checkControls(s string) *problem {
	at := strings.IndexFunc(s, func(c rune) bool {
		return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t'
	})
	if at < 0 {
		return nil
	}
	c, _ := utf8.DecodeRuneInString(s[at:])
	return &problem{FaultReasonControl, fmt.Sprintf("the control character U+%04X stands in the reason", c),
		"take it out; line breaks and tabs may stay"}
}

// checkReason refuses what Zoho would not take as a reason.
func checkReason(s string) *problem {
	if n := utf8.RuneCountInString(s); n > maxReason {
		return &problem{FaultReasonTooLong, fmt.Sprintf("the reason has %d characters (%d bytes)", n, len(s)),
			fmt.Sprintf("shorten it to %d characters; placeholders and --tag-reason count as filled in", maxReason)}
	}
	return checkControls(s)
}

// reasonMark is what --tag-reason appends: it makes a lock found on a record provably this row's.
func reasonMark(runID string, seq int64) string {
	return " [zlock " + runID[max(0, len(runID)-4):] + "#" + strconv.FormatInt(seq, 10) + "]"
}

// tagged reports whether a reason carries the row's mark.
func tagged(reason, runID string, seq int64) bool {
	return strings.HasSuffix(reason, reasonMark(runID, seq))
}

// wording is what two reasons are compared by: a hash, so that comparing a file's rows needs no
// memory for their text.
type wording [16]byte

func wordingOf(reason string) wording {
	sum := sha256.Sum256([]byte(reason))
	return wording(sum[:16])
}
