package cli

import (
	"regexp"
	"slices"
	"strings"
)

// profilePattern is what may become part of a file name on every system.
var profilePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// isProfileName reports whether a name may name a profile, and with it the checkpoint's file. The names
// of Windows' devices stand for the device in any folder and with any ending, and a dot at the end is
// dropped there: neither is taken anywhere, so that a zlock.yaml means the same on every machine.
func isProfileName(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	devices := []string{"CON", "PRN", "AUX", "NUL"}
	numbered := len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '0' && stem[3] <= '9'
	return profilePattern.MatchString(name) && !strings.HasSuffix(name, ".") && !slices.Contains(devices, stem) && !numbered
}
