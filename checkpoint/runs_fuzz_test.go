package checkpoint_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"zlock/checkpoint"
)

// FuzzRunName looks for runs by any name. What is found begins with it, is the only one that does or has
// that very id, and nothing but a name in the checkpoint's own table is ever looked at.
func FuzzRunName(f *testing.F) {
	for _, seed := range []string{
		"", "latest", "20260301-120000-aaaa", "20260301", "2", "../x", "/etc/passwd", "a/b", ".", "..", "CON", "nul.txt", "x:y",
		"20260301\x00", "-rf", "%", "_", "?", "#", "' OR 1=1 --", "'; DROP TABLE run; --", "?_pragma=synchronous(off)", "\xff",
		"20260301-120000-aaaa ", "２０２６", strings.Repeat("2", 300),
	} {
		f.Add(seed)
	}
	d := several(f)
	ids := []string{"20260302-120000-bbbb", "20260301-120000-aabb", "20260301-120000-aaaa"} // newest first
	f.Fuzz(func(t *testing.T, name string) {
		var want []string
		for _, id := range ids {
			if id == name || name == "" || name == checkpoint.Latest {
				want = []string{id}
				break
			}
			if strings.HasPrefix(id, name) {
				want = append(want, id)
			}
		}
		run, err := d.Find(t.Context(), name)
		var none *checkpoint.NoRunError
		var many *checkpoint.AmbiguousError
		switch {
		case len(want) == 0 && (!errors.As(err, &none) || none.Ref != name):
			t.Errorf("%q: %v, want none", name, err)
		case len(want) == 1 && (err != nil || run.ID != want[0]):
			t.Errorf("%q: %q (%v), want %s", name, run.ID, err, want[0])
		case len(want) > 1 && (!errors.As(err, &many) || !slices.Equal(many.Matches, want)):
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	})
}
