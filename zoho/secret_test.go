package zoho_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"zlock/zoho"
)

func TestSecretNeverPrints(t *testing.T) {
	const value = "1000.canary"
	secret := zoho.NewSecret(value)
	type holder struct {
		Open   zoho.Secret
		hidden zoho.Secret
	}
	h := holder{secret, secret}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", secret, "holder", h)
	asJSON, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	text, err := secret.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	prints := []string{secret.String(), secret.GoString(), log.String(), string(asJSON), string(text)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3s"} {
		prints = append(prints, fmt.Sprintf(verb, secret), fmt.Sprintf(verb, &secret), fmt.Sprintf(verb, h), fmt.Sprintf(verb, []zoho.Secret{secret}))
	}
	for _, p := range prints {
		if strings.Contains(p, "canary") || strings.Contains(p, fmt.Sprintf("%x", value)) {
			t.Errorf("the secret shows in %q", p)
		}
	}
	if got := fmt.Sprintf("%s|%v", secret, secret); got != "[redacted]|[redacted]" {
		t.Errorf("got %q", got)
	}
	if !strings.Contains(string(asJSON), `"Open":"[redacted]"`) {
		t.Errorf("got %s", asJSON)
	}
}

func TestSecretHolds(t *testing.T) {
	a, b := zoho.NewSecret("one"), zoho.NewSecret("one")
	if a.Reveal() != "one" || !a.Equal(b) || a.IsZero() {
		t.Errorf("%q, equal %v, zero %v", a.Reveal(), a.Equal(b), a.IsZero())
	}
	if none := zoho.NewSecret(""); !none.IsZero() || none.Reveal() != "" || none.Equal(a) {
		t.Error("an empty secret is not empty")
	}
}
