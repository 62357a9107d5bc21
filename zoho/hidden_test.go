package zoho_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"strings"
	"sync"
	"testing"

	"zlock/zoho"
)

func TestHiddenKnowsEverySpelling(t *testing.T) {
	const secret = `c@n"ary/+of 'ünits'==`
	h := new(zoho.Hidden)
	h.Add(zoho.NewSecret(secret))
	for name, form := range map[string]string{
		"as it is": secret, "a JSON of PHP": `c@n\"ary\/+of 'ünits'==`, "a shell": `c@n"ary/+of '\''ünits'\''==`,
		"hexadecimal": hex.EncodeToString([]byte(secret)), "upper case": fmt.Sprintf("%X", secret),
	} {
		if got := h.Redact("<" + form + ">"); got != "<[redacted]>" {
			t.Errorf("%s: %q", name, got)
		}
	}
	for before := range 4 {
		for after := range 4 {
			header := base64.StdEncoding.EncodeToString([]byte("user:"[:before] + secret + "abc"[:after%4]))
			got := h.Redact(header)
			if !strings.Contains(got, "[redacted]") || len(got) > 12+len("[redacted]") {
				t.Errorf("%d bytes before and %d after: %q of %q", before, after, got, header)
			}
		}
	}
}

func TestHiddenInData(t *testing.T) {
	h := new(zoho.Hidden)
	h.Add(zoho.NewSecret("locked"), zoho.NewSecret("tiny"), zoho.NewSecret("0123456789abcdef"), zoho.Secret{})
	if got := h.RedactData([]byte("locked tiny 0123456789abcdef")); string(got) != "locked tiny [redacted]" {
		t.Errorf("data: %q", got)
	}
	if got := h.Redact("locked tiny 0123456789abcdef"); got != "[redacted] tiny [redacted]" {
		t.Errorf("text: %q", got)
	}
	plain := []byte("nothing")
	if got := h.RedactData(plain); &got[0] != &plain[0] {
		t.Error("data without a secret was copied")
	}
	var none *zoho.Hidden
	none.Add(zoho.NewSecret("0123456789abcdef"))
	if got := none.Redact("0123456789abcdef"); got != "0123456789abcdef" {
		t.Errorf("nobody's: %q", got)
	}
}

func TestHiddenLearnsWhileItIsUsed(t *testing.T) {
	h := new(zoho.Hidden)
	var all sync.WaitGroup
	for i := range 8 {
		secret := fmt.Sprintf("secret-number-%d-of-many", i)
		all.Go(func() {
			h.Add(zoho.NewSecret(secret))
			if got := h.Redact("it is " + secret); strings.Contains(got, secret) {
				t.Errorf("%q", got)
			}
		})
	}
	all.Wait()
	if n := len(h.Spellings(false)); n == 0 || n != len(h.Spellings(true)) {
		t.Errorf("%d spellings, %d of them in data", n, len(h.Spellings(true)))
	}
}

// TestSecretInOtherEncodings: what else Go writes values with.
func TestSecretInOtherEncodings(t *testing.T) {
	type holder struct{ Open zoho.Secret }
	h := holder{zoho.NewSecret("1000.canary")}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(h); err != nil {
		t.Logf("gob refuses: %v", err)
	}
	if err := xml.NewEncoder(&b).Encode(h); err != nil {
		t.Error(err)
	}
	if text := b.String(); strings.Contains(text, "canary") || !strings.Contains(text, "<Open>[redacted]</Open>") {
		t.Errorf("got %q", text)
	}
}
