package proof_test

import (
	"os"
	"testing"
)

// Tier says how much of the programme is carried out: ZLOCK_TIER unset is fast.
type Tier int

// The tiers.
const (
	Fast Tier = iota // with every go test ./...
	Full             // ZLOCK_TIER=full, in .ci/run
	Soak             // ZLOCK_TIER=soak, by hand: hours
)

// tier is the tier asked for. A word that is none fails the test: a misspelt tier must not pass for one.
func tier(t testing.TB) Tier {
	t.Helper()
	switch word := os.Getenv("ZLOCK_TIER"); word {
	case "", "fast":
		return Fast
	case "full":
		return Full
	case "soak":
		return Soak
	default:
		t.Fatalf("ZLOCK_TIER=%s: must be fast, full or soak", word)
		return Fast
	}
}

// of picks a test's size for the tier.
func (t Tier) of(fast, full, soak int) int {
	return [...]int{fast, full, soak}[t]
}

// figure logs what a test reached, in the one form that docs/reliability.md is made from.
func figure(t testing.TB, name, format string, args ...any) {
	t.Helper()
	t.Logf("figure: "+name+": "+format, args...)
}
