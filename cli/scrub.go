package cli

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"zlock/zoho"
)

// tokenShape is how Zoho's access and refresh tokens look. One that was never given to us (the
// answer to a refresh, say) is recognised by it.
var tokenShape = regexp.MustCompile(`\b1000\.[0-9a-fA-F]{32}\.[0-9a-fA-F]{32}\b`)

// tokenBegun is the beginning of a token's shape at the end of a text, from the dot on: "1000" alone is
// but a number, which nobody should have to wait for.
var tokenBegun = regexp.MustCompile(`\b1000\.([0-9a-fA-F]{0,32}|[0-9a-fA-F]{32}\.[0-9a-fA-F]{0,32})$`)

// longestBegun is how many bytes may be the beginning of a token, with the one before it.
const longestBegun = len("x1000.") + 32 + len(".") + 32

const redacted = "[redacted]"

// scrubber is the last line before whatever people, log collectors and programs read: it knows the
// actual secrets and takes them out in every spelling in which a text could carry them.
type scrubber struct {
	mu     sync.Mutex
	w      io.Writer
	hidden *zoho.Hidden
	data   bool   // what comes is data: nothing is taken out that could stand there by chance
	held   []byte // the end of what came, which might begin a secret
	gone   []byte // the last few bytes passed on: a token may have begun there
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
func (s *scrubber) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.held
	s.held = nil
	if len(held) == 0 {
		return nil
	}
	return s.pass(held)
}

func (s *scrubber) scrub(text []byte) []byte {
	if s.data {
		return s.hidden.RedactData(text)
	}
	return s.scrubTokens([]byte(s.hidden.Redact(string(text))))
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
	most := 0
	if !s.data {
		end := last(append(bytes.Clone(s.gone), last(text, longestBegun)...), longestBegun)
		if at := tokenBegun.FindIndex(end); at != nil {
			most = min(len(end)-at[0], len(text))
		}
	}
	for _, needle := range s.hidden.Spellings(s.data) {
		for n := min(len(needle)-1, len(text)); n > most; n-- {
			if bytes.HasSuffix(text, needle[:n]) {
				most = n
				break
			}
		}
	}
	return most
}

// secretsOf is what the environment holds that must never be printed, wherever it should turn up.
func secretsOf(w World) []zoho.Secret {
	var out []zoho.Secret
	for _, name := range []string{"ZLOCK_CLIENT_SECRET", "ZLOCK_REFRESH_TOKEN", "ZLOCK_ACCESS_TOKEN"} {
		switch value := strings.TrimSpace(w.env(name)); value {
		case simClientSecret, simRefreshToken: // everybody knows them, and zlock sim prints them
		default:
			out = append(out, zoho.NewSecret(value))
		}
	}
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"} {
		if proxy, err := url.Parse(w.env(name)); err == nil {
			password, _ := proxy.User.Password()
			out = append(out, zoho.NewSecret(password))
		}
	}
	return out
}

// hide has secrets taken out of all that is said and written from now on.
func (a *app) hide(secrets ...string) {
	for _, secret := range secrets {
		a.world.hidden.Add(zoho.NewSecret(secret))
	}
}

// writeFile is writeFile for data that must hold no secret.
func (a *app) writeFile(path string, force bool, keep []string, write func(io.Writer) error) error {
	return writeFile(path, force, keep, func(w io.Writer) error {
		scrubbed := &scrubber{w: w, hidden: a.world.hidden, data: true}
		buffered := bufio.NewWriterSize(scrubbed, 64<<10)
		if err := write(buffered); err != nil {
			return err
		}
		return errors.Join(buffered.Flush(), scrubbed.Flush())
	})
}
