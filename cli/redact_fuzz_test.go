package cli_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"zlock/cli"
)

// spelled gives a secret in one of the spellings in which an error could carry it.
func spelled(secret string, how uint8) string {
	switch how % 8 {
	case 0:
		return url.QueryEscape(secret)
	case 1:
		return url.PathEscape(secret)
	case 2:
		quoted, _ := json.Marshal(secret) // a string always marshals
		return string(quoted[1 : len(quoted)-1])
	case 3:
		return base64.StdEncoding.EncodeToString([]byte(secret))
	case 4:
		return base64.RawURLEncoding.EncodeToString([]byte(secret))
	case 5:
		return hex.EncodeToString([]byte(secret))
	case 6:
		return fmt.Sprintf("%X", secret)
	}
	return secret
}

// FuzzRedact writes any secret, in any spelling, in any pieces. It never comes through, and nothing but
// it is lost.
func FuzzRedact(f *testing.F) {
	for how := range uint8(8) {
		f.Add("before ", "c@n\"ary/+of ünits==", " after", how, uint8(9), uint8(5))
	}
	f.Add("Bearer 10", "1000.0123456789abcdef0123456789abcdef.0123456789abcdef0123456789abcdef", "", uint8(7), uint8(9), uint8(3))
	f.Add("aaaaaa", "aaaaaaaa", "a", uint8(7), uint8(3), uint8(4))
	f.Fuzz(func(t *testing.T, before, secret, after string, how, first, second uint8) {
		// Shorter ones are left alone, and our own mark must not look like the secret.
		if len(secret) < 6 || !utf8.ValidString(secret) || strings.ContainsAny(secret, "[]") || strings.Contains("[redacted]", secret) {
			return
		}
		form := spelled(secret, how)
		text := before + form + after
		got := inPieces(t, text, int(first), int(second), secret)
		if strings.Contains(got, form) {
			t.Errorf("%q came through in %q", form, got)
		}
		if !strings.Contains(got, "[redacted]") {
			t.Errorf("%q left no mark in %q", form, got)
		}
		const harmless = "nothing here"
		if plain := inPieces(t, harmless, int(first), int(second), secret); plain != harmless && !strings.Contains(harmless, secret) {
			t.Errorf("%q was made %q", harmless, plain)
		}
	})
}

// inPieces scrubs text that comes in three writes.
func inPieces(t *testing.T, text string, first, second int, secrets ...string) string {
	t.Helper()
	var b strings.Builder
	w, flush := cli.NewScrubber(&b, secrets...)
	i := min(first, len(text))
	j := min(i+second, len(text))
	for _, piece := range []string{text[:i], text[i:j], text[j:]} {
		if _, err := w.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	flush()
	return b.String()
}

// A token that nobody told us of is known by its shape, wherever it is cut in two.
func TestTokensByTheirShapeAcrossPieces(t *testing.T) {
	token := "1000." + strings.Repeat("0123456789abcdef", 2) + "." + strings.Repeat("fedcba9876543210", 2)
	text := "token " + token + " refused, 1000.5 rows, x" + token + "\n"
	for i := range len(text) {
		for _, step := range []int{1, 3, 40} {
			got := inPieces(t, text, i, step)
			if !strings.HasPrefix(got, "token ") || !strings.HasSuffix(got, " refused, 1000.5 rows, x"+token+"\n") || strings.Count(got, token) != 1 {
				t.Fatalf("cut at %d and %d later: %q", i, step, got)
			}
		}
	}
}

func TestANumberIsNotHeldBack(t *testing.T) {
	var b strings.Builder
	w, _ := cli.NewScrubber(&b)
	if _, err := w.Write([]byte("1000")); err != nil || b.String() != "1000" {
		t.Errorf("%q came through at once (%v)", b.String(), err)
	}
}
