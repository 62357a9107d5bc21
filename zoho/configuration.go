package zoho

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The values of Configuration.LockType.
const (
	LockManual    = "manual"    // people with the right to do so lock by hand
	LockAutomatic = "automatic" // rules lock, and nobody else can
	LockBoth      = "both"
)

// The values of Configuration.LockedFor.
const (
	ForAllProfiles   = "all_profiles"
	ForAllButProfile = "all_profiles_except_excluded_profiles"
)

// FeatureType is the one value of Configuration.FeatureType.
const FeatureType = "record_locking"

// How many of each a configuration may hold, as the Features API tells.
const (
	MaxRules    = 5
	MaxFields   = 15
	MaxProfiles = 15
	MaxButtons  = 30

	MaxRuleName = 256 // characters
)

// LockTypes lists what Configuration.LockType may be.
func LockTypes() []string { return []string{LockManual, LockAutomatic, LockBoth} }

// LockedFors lists what Configuration.LockedFor may be.
func LockedFors() []string { return []string{ForAllProfiles, ForAllButProfile} }

// RestrictedActions lists what Configuration.Actions may hold; Zoho adds update where it is missing.
func RestrictedActions() []string {
	return []string{"update", "tags", "convert", "delete", "change_owner"}
}

// RestrictedCommunications lists what Configuration.Communications may hold. The page's keys name
// send_mail alone, its errors all three.
func RestrictedCommunications() []string {
	return []string{"send_mail", "send_survey", "send_portal_invitation"}
}

// Comparators lists what may stand in a criterion. The page names none; these are those that Zoho CRM's
// pages on criteria name.
func Comparators() []string {
	return []string{
		"equal", "not_equal", "less_than", "less_equal", "greater_than", "greater_equal", "between", "not_between",
		"in", "not_in", "contains", "not_contains", "starts_with", "ends_with",
	}
}

// Configuration is the record locking configuration of a module, with every key of the page "Update
// Record Locking Configuration". It distinguishes what is not said (zero: "", nil) from what is said to
// be none (an empty list, which goes out as null as in the page's sample).
type Configuration struct {
	LockType       string // LockManual, LockAutomatic, LockBoth
	Rules          []Rule
	LockedFor      string // ForAllProfiles, ForAllButProfile
	Profiles       []Ref  // lock_excluded_profiles: whom a lock does not bind
	Fields         []Ref  // excluded_fields: what stays editable
	Actions        []string
	PortalUsers    *bool
	Communications []string
	Buttons        []Ref // restricted_custom_buttons
	FeatureType    string
	SystemDefined  *bool

	// These are Zoho's to say, and never sent.
	ID           string
	CreatedTime  string // as Zoho wrote it
	CreatedBy    User
	ModifiedTime string
	ModifiedBy   User

	Extra map[string]any // what Zoho said beyond its page; numbers stand as json.Number
}

// Rule locks records automatically.
type Rule struct {
	ID           string // "" for a new one
	Name         string
	LockExisting *bool // lock_existing_records
	Criteria     *Criteria
	Delete       bool // _delete: take the rule with this ID away
	Extra        map[string]any
}

// Criteria is one comparison, or a group of them.
type Criteria struct {
	Comparator string // one of Comparators
	Field      Ref
	Value      any // string, json.Number, bool, nil or a list of them
	HasValue   bool

	GroupOperator string // AND, OR
	Group         []Criteria

	Extra map[string]any
}

// Ref names a field (APIName, ID), a profile or a button (Name, ID).
type Ref struct {
	ID, APIName, Name string
	Extra             map[string]any
}

// String is the name that a person knows it by, or else its id.
func (r Ref) String() string {
	for _, name := range []string{r.APIName, r.Name} {
		if name != "" {
			return name
		}
	}
	return r.ID
}

// Same reports whether two refs name one thing: by id where both have one, by name otherwise.
func (r Ref) Same(other Ref) bool {
	switch {
	case r.ID != "" && other.ID != "":
		return sameID(r.ID, other.ID)
	case r.APIName != "" && other.APIName != "":
		return r.APIName == other.APIName
	}
	return r.Name != "" && r.Name == other.Name
}

// ConfigurationFault is one thing about a configuration that Zoho would refuse.
type ConfigurationFault struct {
	Key  string // as Zoho names it: record_locking_configurations[0].locking_rules[1].name
	Code string // that Zoho would refuse it with
	What string // what is wrong, and what may stand there
}

// String says where and what.
func (f ConfigurationFault) String() string { return fmt.Sprintf("%s: %s (%s)", f.Key, f.What, f.Code) }

// ConfigurationError is a configuration that cannot be used.
type ConfigurationError struct{ Faults []ConfigurationFault }

// Error names the first fault.
func (e *ConfigurationError) Error() string {
	switch len(e.Faults) {
	case 0:
		return "the configuration cannot be used"
	case 1:
		return e.Faults[0].String()
	}
	return fmt.Sprintf("%s, and %d more", e.Faults[0], len(e.Faults)-1)
}

// configurationsKey is where Zoho puts the one configuration of an answer or a request.
const configurationsKey = "record_locking_configurations"

const configurationPath = configurationsKey + "[0]"

// others returns what of an object the known keys leave over; nil for nothing.
func others(o object, known ...string) map[string]any {
	var rest map[string]any
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if slices.Contains(known, key) {
			continue
		}
		if rest == nil {
			rest = map[string]any{}
		}
		rest[key] = o[key]
	}
	return rest
}

// oneOf lists words for a sentence.
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
