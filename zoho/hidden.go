package zoho

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Hidden is the secrets that must come out nowhere, in all the spellings in which a text could carry them:
// as they are, escaped for a URL, JSON or a shell, in base64 and in hexadecimal. It may be used by many
// goroutines at once. The zero Hidden, and a nil one, hide nothing.
type Hidden struct {
	mu   sync.RWMutex
	all  [][]byte // longest first
	long [][]byte // of secrets that no data holds by chance, longest first
}

const (
	shortestHidden = 6  // bytes: taking "a" out of every line would hide more than it guards
	shortestInData = 16 // Zoho's secrets have 42 and more; a toy's could be a word that stands in data
)

// Add hides further secrets from now on. Those of less than 6 bytes are left alone.
func (h *Hidden) Add(secrets ...Secret) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range secrets {
		forms := spellings(s.Reveal())
		h.all = merged(h.all, forms)
		if len(s.Reveal()) >= shortestInData {
			h.long = merged(h.long, forms)
		}
	}
}

// merged is both lists as a new one, longest first: whoever reads the old one goes on with that.
func merged(known, more [][]byte) [][]byte {
	out := slices.Concat(known, more)
	slices.SortFunc(out, func(a, b []byte) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return bytes.Compare(a, b)
	})
	return slices.CompactFunc(out, bytes.Equal)
}

// Spellings returns all that is to be hidden, longest first; with inData only what may be taken out of
// data: secrets of 16 bytes and more. The slices must not be changed.
func (h *Hidden) Spellings(inData bool) [][]byte {
	if h == nil {
		return nil
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if inData {
		return h.long
	}
	return h.all
}

// Redact returns a text that is about something, an error say, with "[redacted]" for every secret.
func (h *Hidden) Redact(text string) string {
	return string(replaced([]byte(text), h.Spellings(false)))
}

// RedactData returns data with "[redacted]" for every secret that does not stand there by chance. Data
// without one is returned as it is.
func (h *Hidden) RedactData(data []byte) []byte { return replaced(data, h.Spellings(true)) }

func replaced(text []byte, needles [][]byte) []byte {
	for _, needle := range needles {
		if bytes.Contains(text, needle) {
			text = bytes.ReplaceAll(text, needle, []byte(redacted))
		}
	}
	return text
}

// redactedError is an error with a secret taken out of its text.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.err }

// redactError takes secrets out of what an error says: the network's repeat what a server sent.
func (h *Hidden) redactError(err error) error {
	if err == nil {
		return nil
	}
	if text := err.Error(); h.Redact(text) != text {
		return &redactedError{h.Redact(text), err}
	}
	return err
}

// spellings returns a secret in every form in which it could stand in a text.
func spellings(secret string) [][]byte {
	if len(secret) < shortestHidden {
		return nil
	}
	quoted, _ := json.Marshal(secret) // a string always marshals
	inJSON := string(quoted[1 : len(quoted)-1])
	inHex := hex.EncodeToString([]byte(secret))
	forms := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), inJSON, strings.ReplaceAll(inJSON, "/", `\/`),
		strings.ReplaceAll(secret, "'", `'\''`), inHex, strings.ToUpper(inHex),
		base64.RawStdEncoding.EncodeToString([]byte(secret)),
		base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	if len(secret) >= shortestInData {
		forms = append(forms, amidBase64(secret)...)
	}
	slices.Sort(forms)
	var out [][]byte
	for _, form := range slices.Compact(forms) {
		out = append(out, []byte(form))
	}
	return out
}

// amidBase64 is what a secret looks like within a longer text in base64, as in an Authorization header:
// the characters that no neighbour has a part in, for each of the three places where it can begin.
func amidBase64(secret string) []string {
	var forms []string
	for before := range 3 {
		padded := append(make([]byte, before), secret...)
		from, to := (before*8+5)/6, len(padded)*8/6
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			forms = append(forms, encoding.EncodeToString(padded)[from:to])
		}
	}
	return forms
}
