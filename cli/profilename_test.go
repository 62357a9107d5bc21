package cli_test

import (
	"path/filepath"
	"strings"
	"testing"

	"zlock/cli"
)

// FuzzProfileName: a name that is taken is a file name of its own on every system, in the folder where it
// is put, and harmless to a shell and to a DSN.
func FuzzProfileName(f *testing.F) {
	for _, seed := range []string{
		"default", "acme-eu.2", "../x", "/etc/x", "a/b", `a\b`, ".", "..", "", strings.Repeat("a", 64), strings.Repeat("a", 65), "CON", "con.txt",
		"nul.txt", "COM1", "lpt9.db", "COM", "CONSOLE", "x:y", "a\x00b", "-rf", "a?b", "a#b", "a%41", "x.", "ｃｏｎ", "a b", "a\nb",
	} {
		f.Add(seed)
	}
	devices := strings.Fields("con prn aux nul com0 com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9")
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	f.Fuzz(func(t *testing.T, name string) {
		ok := name != "" && len(name) <= 64 && strings.Trim(name, plain) == "" && !strings.ContainsAny(name[:1], "._-") && !strings.HasSuffix(name, ".")
		for _, device := range devices {
			lower := strings.ToLower(name)
			ok = ok && lower != device && !strings.HasPrefix(lower, device+".")
		}
		if got := cli.IsProfileName(name); got != ok {
			t.Errorf("%q is taken: %v, want %v", name, got, ok)
		}
		if ok && filepath.Dir(filepath.Join("/state", name+".db")) != "/state" {
			t.Errorf("%q leads out of its folder", name)
		}
	})
}
