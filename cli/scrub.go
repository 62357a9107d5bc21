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

const redacted = "[redacted]"

// scrubber is the last line before a stream that people and log collectors read: it knows the
// actual secrets and takes them out in every spelling in which an error could carry them.
type scrubber struct {
	mu      sync.Mutex
	w       io.Writer
	needles [][]byte // longest first
	held    []byte   // the end of what came, which might begin a secret
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
	if _, err := s.w.Write(text[:len(text)-keep]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush passes on what Write held back.
func (s *scrubber) Flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.held) > 0 {
		_, _ = s.w.Write(s.held)
		s.held = nil
	}
}

func (s *scrubber) scrub(text []byte) []byte {
	for _, needle := range s.needles {
		text = bytes.ReplaceAll(text, needle, []byte(redacted))
	}
	return tokenShape.ReplaceAll(text, []byte(redacted))
}

// beginning is how many of text's last bytes may be the first ones of a secret.
func (s *scrubber) beginning(text []byte) int {
	most := 0
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
