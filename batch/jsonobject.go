package batch

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep values may be nested in a line of JSON.
const maxDepth = 32

// member is one key of a JSON object with its value.
type member struct {
	key  string
	name string // the key as it stands, quotes and all
	raw  string // the value as it stands
	text string // of a string, unescaped
	kind byte   // the value's first byte: " { [ t f n, or a digit or - for a number
}

// parseObject reads one line that must be one JSON object. Numbers keep their digits: nothing goes
// through a float. It is strict where encoding/json is not: no key twice, no half of a surrogate
// pair, no NUL, nothing after the object.
func parseObject(line string) ([]member, *problem) {
	s := scanner{b: line}
	s.blanks()
	if s.peek() != '{' {
		return nil, notAnObject(line)
	}
	members, p := s.members()
	if p != nil {
		return nil, p
	}
	s.blanks()
	if s.i < len(s.b) {
		return nil, &problem{FaultJSONTrailing, fmt.Sprintf("text after the object, from character %d on", s.column()),
			"one object a line, and nothing else on it"}
	}
	return members, nil
}

func notAnObject(line string) *problem {
	s := scanner{b: line}
	s.blanks()
	if _, _, p := s.value(0); p == nil {
		return &problem{FaultJSONNotObject, "the line is JSON, but no object", `write it as {"record_id":"…","action":"lock",…}`}
	}
	return s.syntax("not JSON")
}

// scanner goes through a line of JSON once.
type scanner struct {
	b string
	i int
}

func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *scanner) blanks() {
	for s.i < len(s.b) && strings.IndexByte(asciiBlanks, s.b[s.i]) >= 0 {
		s.i++
	}
}

// column is the number of the character that is next, from 1.
func (s *scanner) column() int { return utf8.RuneCountInString(s.b[:min(s.i, len(s.b))]) + 1 }

func (s *scanner) syntax(what string) *problem {
	return &problem{FaultJSONSyntax, fmt.Sprintf("%s, at character %d", what, s.column()),
		"one JSON object a line; strings and keys in double quotes"}
}

// members reads an object's inside, from its opening brace to its closing one.
func (s *scanner) members() ([]member, *problem) {
	all := make([]member, 0, 8)
	p := s.object(func(m member) *problem {
		all = append(all, m)
		return nil
	}, 1)
	if p == nil {
		p = keyTwice(all)
	}
	return all, p
}

func keyTwice(all []member) *problem {
	if len(all) < 16 {
		for i := range all {
			for j := range i {
				if all[i].key == all[j].key {
					return sameKey(all[i].key)
				}
			}
		}
		return nil
	}
	seen := make(map[string]bool, len(all))
	for _, m := range all {
		if seen[m.key] {
			return sameKey(m.key)
		}
		seen[m.key] = true
	}
	return nil
}

func sameKey(key string) *problem {
	return &problem{FaultJSONKeyTwice, fmt.Sprintf("the key %q stands twice in the object", snippet(key)), "keep one of them"}
}

// object goes through an object's members.
func (s *scanner) object(found func(member) *problem, depth int) *problem {
	s.i++ // the brace
	s.blanks()
	if s.peek() == '}' {
		s.i++
		return nil
	}
	for {
		s.blanks()
		if s.peek() != '"' {
			return s.syntax("a key in double quotes is missing")
		}
		m, p := s.member(depth)
		if p != nil {
			return p
		}
		if p := found(m); p != nil {
			return p
		}
		s.blanks()
		switch s.peek() {
		case ',':
			s.i++
		case '}':
			s.i++
			return nil
		default:
			return s.syntax("a comma or the closing brace is missing")
		}
	}
}

func (s *scanner) member(depth int) (m member, p *problem) {
	if m.name, m.key, p = s.value(depth); p != nil {
		return m, p
	}
	s.blanks()
	if s.peek() != ':' {
		return m, s.syntax("a colon is missing")
	}
	s.i++
	s.blanks()
	m.kind = s.peek()
	m.raw, m.text, p = s.value(depth)
	return m, p
}

// value reads any value: as it stands, and unescaped if it is a string.
func (s *scanner) value(depth int) (raw, text string, p *problem) {
	start := s.i
	switch c := s.peek(); {
	case c == '"':
		text, p = s.str()
	case c == '{' || c == '[':
		p = s.nested(depth + 1)
	case c == '-' || '0' <= c && c <= '9':
		p = s.number()
	default:
		p = s.word()
	}
	return s.b[start:s.i], text, p
}

func (s *scanner) nested(depth int) *problem {
	if depth > maxDepth {
		return &problem{FaultJSONDepth, fmt.Sprintf("nested deeper than %d levels", maxDepth), "flatten the object"}
	}
	if s.peek() == '{' {
		return s.object(func(member) *problem { return nil }, depth)
	}
	s.i++
	s.blanks()
	if s.peek() == ']' {
		s.i++
		return nil
	}
	for {
		s.blanks()
		if _, _, p := s.value(depth); p != nil {
			return p
		}
		s.blanks()
		switch s.peek() {
		case ',':
			s.i++
		case ']':
			s.i++
			return nil
		default:
			return s.syntax("a comma or the closing bracket is missing")
		}
	}
}

func (s *scanner) word() *problem {
	for _, w := range []string{"true", "false", "null"} {
		if strings.HasPrefix(s.b[s.i:], w) {
			s.i += len(w)
			return nil
		}
	}
	return s.syntax("no JSON value")
}

// number reads a number by the letter of RFC 8259.
func (s *scanner) number() *problem {
	if s.peek() == '-' {
		s.i++
	}
	if s.peek() == '0' {
		s.i++
	} else if !s.digits() {
		return s.syntax("not a number")
	}
	if s.peek() == '.' {
		s.i++
		if !s.digits() {
			return s.syntax("not a number")
		}
	}
	if s.peek()|0x20 == 'e' {
		s.i++
		if c := s.peek(); c == '+' || c == '-' {
			s.i++
		}
		if !s.digits() {
			return s.syntax("not a number")
		}
	}
	if c := s.peek(); '0' <= c && c <= '9' {
		return s.syntax("a number with a leading zero")
	}
	return nil
}

func (s *scanner) digits() bool {
	start := s.i
	for c := s.peek(); '0' <= c && c <= '9'; c = s.peek() {
		s.i++
	}
	return s.i > start
}

// str reads a string and gives its text.
func (s *scanner) str() (string, *problem) {
	s.i++
	start := s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return s.b[start : s.i-1], nil
		case c == '\\':
			return s.escaped(s.b[start:s.i])
		case c < ' ':
			return "", s.syntax("a control character in a string")
		}
		s.i++
	}
	return "", s.syntax("a string is not closed")
}

// escaped reads on in a string from its first backslash.
func (s *scanner) escaped(before string) (string, *problem) {
	out := append(make([]byte, 0, len(before)+64), before...)
	for s.i < len(s.b) {
		c := s.b[s.i]
		switch {
		case c == '"':
			s.i++
			return string(out), nil
		case c < ' ':
			return "", s.syntax("a control character in a string")
		case c != '\\':
			out = append(out, c)
			s.i++
			continue
		}
		r, p := s.escape()
		if p != nil {
			return "", p
		}
		out = utf8.AppendRune(out, r)
	}
	return "", s.syntax("a string is not closed")
}

// escape reads one escape sequence.
func (s *scanner) escape() (rune, *problem) {
	if s.i+1 >= len(s.b) {
		return 0, s.syntax("a string is not closed")
	}
	c := s.b[s.i+1]
	if at := strings.IndexByte(`"\/bfnrt`, c); at >= 0 {
		s.i += 2
		return rune("\"\\/\b\f\n\r\t"[at]), nil
	}
	if c != 'u' {
		return 0, s.syntax("an unknown escape sequence")
	}
	r, ok := s.unit()
	if !ok {
		return 0, s.syntax("an unknown escape sequence")
	}
	switch {
	case r == 0:
		return 0, &problem{FaultJSONNul, `\u0000 in a string`, "take it out"}
	case !utf16.IsSurrogate(r):
		return r, nil
	}
	if low, ok := s.unit(); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
		return utf16.DecodeRune(r, low), nil
	}
	return 0, &problem{FaultJSONSurrogate, "half of a surrogate pair in a string", "write the character itself, or both halves"}
}

// unit reads \uXXXX.
func (s *scanner) unit() (rune, bool) {
	if !strings.HasPrefix(s.b[s.i:], `\u`) || len(s.b) < s.i+6 {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s.b[s.i+2 : s.i+6]) {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	s.i += 6
	return r, true
}

// quoteJSON writes text as a JSON string, < > & as themselves.
func quoteJSON(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string always can be
	return strings.TrimSuffix(b.String(), "\n")
}
