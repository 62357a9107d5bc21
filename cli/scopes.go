package cli

import (
	"fmt"
	"slices"
	"strings"
)

// scope is one of Zoho's OAuth scopes, and what it allows us.
type scope struct {
	name   string
	allows string
	needed bool // without it the main job cannot be done, or not safely
}

// scopes lists the scopes that this program can use, the needed ones first.
func scopes() []scope {
	return []scope{
		{"ZohoCRM.modules.ALL", "reach the records to be locked and unlocked", true},
		{"ZohoCRM.modules.lockinginformation.ALL", "lock, unlock, change reasons, read locks", true},
		{"ZohoCRM.users.READ", "know whose locks are one's own", true},
		{"ZohoCRM.org.READ", "pin the organisation, and refuse any other", true},
		{"ZohoCRM.coql.READ", "find locked records in bulk", false},
		{"ZohoCRM.composite_requests.CUSTOM", "five calls for one credit (--composite)", false},
		{"ZohoCRM.settings.record_locking_configurations.READ", "read how modules may be locked", false},
		{"ZohoCRM.settings.record_locking_configurations.ALL", "change how modules may be locked", false},
		{"ZohoCRM.settings.modules.READ", "list the modules", false},
		{"ZohoCRM.settings.fields.READ", "check fields against the module", false},
		{"ZohoCRM.apis.READ", "see which calls are allowed", false},
	}
}

func scopeNames(needed bool) []string {
	var out []string
	for _, s := range scopes() {
		if s.needed == needed {
			out = append(out, s.name)
		}
	}
	return out
}

// grants says whether a sign-in with the scopes given may do what one asks: yes, or no, or (not sure)
// where Zoho's pages disagree: whether ZohoCRM.modules.ALL takes in the locks is said nowhere.
func grants(given []string, want string) (yes, sure bool) {
	if given == nil {
		return false, false
	}
	if slices.ContainsFunc(given, func(has string) bool { return covers(has, want) }) {
		return true, true
	}
	switch want {
	case "ZohoCRM.modules.lockinginformation.ALL":
		return false, !slices.ContainsFunc(given, func(has string) bool { return covers(has, "ZohoCRM.modules.ALL") })
	case "ZohoCRM.modules.ALL": // or those of some modules alone
		return false, !slices.ContainsFunc(given, ofSomeModule)
	}
	return false, true
}

// covers reports whether one scope takes in another: the same, or ALL of the same thing.
func covers(has, want string) bool {
	if strings.EqualFold(has, want) {
		return true
	}
	thing, ok := strings.CutSuffix(strings.ToUpper(has), ".ALL")
	return ok && strings.Count(want, ".") > 1 && strings.EqualFold(thing, want[:strings.LastIndex(want, ".")])
}

// ofSomeModule reports a scope of the records of one module, such as ZohoCRM.modules.leads.ALL.
func ofSomeModule(has string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(has), "zohocrm.modules.")
	module, _, two := strings.Cut(rest, ".")
	return ok && two && module != "lockinginformation"
}

// missingScopes is what a sign-in surely lacks of what is needed.
func missingScopes(given []string) []string {
	var out []string
	for _, name := range scopeNames(true) {
		if yes, sure := grants(given, name); !yes && sure {
			out = append(out, name)
		}
	}
	return out
}

// fit reports whether a sign-in can do the main job at all: its scopes reach some record and some lock, as
// far as is known.
func fit(given []string) bool {
	for _, name := range []string{"ZohoCRM.modules.ALL", "ZohoCRM.modules.lockinginformation.ALL"} {
		if yes, sure := grants(given, name); !yes && sure {
			return false
		}
	}
	return true
}

// printScopes prints what to paste, and what each scope allows.
func (l *login) printScopes() error {
	if l.asJSON {
		return writeJSON(l.world.Out, scopesDocument())
	}
	out := &strings.Builder{}
	fmt.Fprintf(out, "needed; paste this line:\n%s\n", strings.Join(scopeNames(true), ","))
	printAllowed(out, true)
	fmt.Fprint(out, "optional; add the ones you want, with commas between:\n")
	printAllowed(out, false)
	_, err := fmt.Fprint(l.world.Out, out.String())
	return err
}

func printAllowed(out *strings.Builder, needed bool) {
	for _, s := range slices.DeleteFunc(scopes(), func(s scope) bool { return s.needed != needed }) {
		fmt.Fprintf(out, "  %s\n      %s\n", s.name, s.allows)
	}
}

// scopesDocument is --print-scopes --json.
func scopesDocument() any {
	type one struct {
		Scope  string `json:"scope"`
		Allows string `json:"allows"`
	}
	var d struct {
		Paste    string `json:"paste"`
		Needed   []one  `json:"needed"`
		Optional []one  `json:"optional"`
	}
	d.Paste = strings.Join(scopeNames(true), ",")
	for _, s := range scopes() {
		if s.needed {
			d.Needed = append(d.Needed, one{s.name, s.allows})
		} else {
			d.Optional = append(d.Optional, one{s.name, s.allows})
		}
	}
	return d
}
