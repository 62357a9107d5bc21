package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"regexp"
	"slices"
	"sync"
)

// tokenShape is how Zoho's access and refresh tokens look. One that was never given to us (the
// answer to a refresh, say) is recognised by it.
var tokenShape = regexp.MustCompile(`\b1000\.[0-9a-fA-F]{32}\.[0-9a-fA-F]{32}\b`)

// tokenBegun is the beginning of a token's shape at the end of a text, from the dot on: "1000" alone is
// but a number, which nobody should have to wait for.
var tokenBegun = regexp.MustCompile(`\b1000\.([0-9a-fA-F]{0,32}|[0-9a-fA-F]{32}\.[0-9a-fA-F]{0,32})$`)

const redacted = "[redacted]"

// scrubber is the last line before a stream that people and log collectors read: it knows the
// actual secrets and takes them out in every spelling in which an error could carry them.
type scrubber struct {
	mu      sync.Mutex
	w       io.Writer
	needles [][]byte // longest first
	held    []byte   // the end of what came, which might begin a secret
	gone    []byte   // the last few bytes passed on: a token may have begun there
}

func newScrubber(w io.Writer, secrets ...string) *scrubber {
	s := &scrubber{w: w}
	for _, secret := range secrets {
		s.needles = append(s.needles, spellings(secret)...)
	}
	slices.SortFunc(s.needles, func(a, b []byte) int { return len(b) - len(a) })
	return s
}

// spellings returns a secret as it is, URL-escaped, in base64 and as JSON has it. Very short
// ones are left alone: taking "a" out of every line would hide more than it guards.
func spellings(secret string) [][]byte {
	if len(secret) < 6 {
		return nil
	}
	quoted, _ := json.Marshal(secret) // a string always marshals
	forms := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), string(quoted[1 : len(quoted)-1]),
		base64.RawStdEncoding.EncodeToString([]byte(secret)),
		base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	slices.Sort(forms)
	var out [][]byte
	for _, form := range slices.Compact(forms) {
		out = append(out, []byte(form))
	}
	return out
}

// Write passes p on without its secrets. What might be the beginning of one is held back until
// more comes or Flush is called.
func (s *scrubber) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.scrub(append(s.held, p...))
	keep := s.beginning(text)
	s.held = bytes.Clone(text[len(text)-keep:])
	if err := s.pass(text[:len(text)-keep]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// pass writes text, and remembers its end.
func (s *scrubber) pass(text []byte) error {
	s.gone = bytes.Clone(last(append(s.gone, text...), remembered))
	_, err := s.w.Write(text)
	return err
}

// remembered is how many bytes the beginning of a token may have, short of its dot, with the one before
// it: a letter there makes it no token.
const remembered = len("x1000")

func last(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// Flush passes on what Write held back.
func (s *scrubber) Flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.held) > 0 {
		_ = s.pass(s.held)
		s.held = nil
	}
}

func (s *scrubber) scrub(text []byte) []byte {
	for _, needle := range s.needles {
		text = bytes.ReplaceAll(text, needle, []byte(redacted))
	}
	return s.scrubTokens(text)
}

// scrubTokens takes out what looks like a token, also where its first bytes were passed on before.
func (s *scrubber) scrubTokens(text []byte) []byte {
	whole := append(bytes.Clone(s.gone), text...)
	var out []byte
	from := len(s.gone)
	for _, at := range tokenShape.FindAllIndex(whole, -1) {
		if at[0] == 0 && len(s.gone) == remembered { // passed on with its dot: it was none
			continue
		}
		out = append(append(out, whole[from:max(from, at[0])]...), redacted...)
		from = at[1]
	}
	return append(out, whole[from:]...)
}

// beginning is how many of text's last bytes may be the first ones of a secret.
func (s *scrubber) beginning(text []byte) int {
	whole := append(bytes.Clone(s.gone), text...)
	most := 0
	if at := tokenBegun.FindIndex(whole); at != nil {
		most = min(len(whole)-at[0], len(text))
	}
	for _, needle := range s.needles {
		for n := min(len(needle)-1, len(text)); n > most; n-- {
			if bytes.HasSuffix(text, needle[:n]) {
				most = n
				break
			}
		}
	}
	return most
}
