package zoho

import (
	"slices"
	"strings"
)

// ofSettings reports the doors of the settings, where Zoho names the keys that it refuses.
func ofSettings(op string) bool {
	return ofConfiguration(op) || slices.Contains([]string{OpModules, OpModule, OpFields, OpProfiles, OpCount, OpLockedTotal, OpLockedRecords}, op)
}

func ofConfiguration(op string) bool {
	return slices.Contains([]string{OpGetConfiguration, OpCreateConfiguration, OpUpdateConfiguration, OpDeleteConfiguration}, op)
}

// keys are what of the request the answer blames, in Zoho's own words, the path without its "$.".
func (f finding) keys() []string {
	var keys []string
	for _, list := range []string{"expected_fields", "ambiguity_due_to"} {
		rows, _ := f.details.get(list).([]any)
		for _, row := range rows {
			keys = append(keys, blamed(first(row))...)
		}
	}
	return append(keys, blamed(f.details)...)
}

func blamed(o object) []string {
	for _, name := range []string{"json_path", "api_name", "param_name", "param"} {
		if key := strings.TrimPrefix(o.text(name), "$."); key != "" {
			return []string{cut(key)}
		}
	}
	return nil
}

// kindOfSettings says what a code means at the doors of the settings, where indexes and codes mean other
// things than at a record's.
func kindOfSettings(op string, f finding) (Kind, bool) {
	switch strings.ToUpper(f.code) {
	case "NOT_SUPPORTED": // a module as a whole, unless a key of a configuration is blamed
		if ofConfiguration(op) && f.details.has("json_path") {
			return RequestRefused, true
		}
		return ModuleUnsupported, true
	case "NOT_ALLOWED":
		if readSentence(f.message).configuration {
			return NoConfiguration, true
		}
		return RequestRefused, true
	case "INVALID_DATA", "MANDATORY_NOT_FOUND", "RECORD_LOCKED":
		return RequestRefused, true
	}
	return 0, false
}

// configurationHints are for the codes that Zoho refuses a configuration with.
var configurationHints = map[string]string{
	"MANDATORY_NOT_FOUND":         "give the key that is missing",
	"INVALID_DATA":                "check the value, the name or the id that the key holds",
	"NOT_SUPPORTED":               "a rule, or the list of excluded fields, cannot take this field or value; in Tasks a rule takes only the status Closed",
	"EXPECTED_FIELD_MISSING":      "name the field by its API name or its id",
	"AMBIGUITY_DURING_PROCESSING": "the API name and the id belong to different fields: give one of them, or two that fit",
	"DEPENDENT_FIELD_MISSING":     "one key needs the other: give both",
	"DUPLICATE_DATA":              "give every rule a name and criteria of its own",
	"LIMIT_EXCEEDED":              "the module has a configuration already, which can be updated",
	"NOT_ALLOWED":                 "Zoho CRM made this configuration itself: it can be neither changed nor deleted",
	"REQUIRED_PARAM_MISSING":      "name the module by its API name",
}

// settingsHint says what a person can do about a refusal at a door of the settings; "" where the kind says
// enough.
func settingsHint(e *Error, f finding) string {
	switch e.Kind {
	case ScopeMissing:
		return "sign in again with the scope " + scopeOf(e.Op)
	case NoPermission:
		return "ask the CRM administrator for the permission to customize Zoho CRM (Crm_Implied_Customize_Zoho_CRM)"
	case RequestRefused:
	default:
		return ""
	}
	if !ofConfiguration(e.Op) {
		return ""
	}
	code := strings.ToUpper(e.Code)
	if values := f.details.list("supported_values"); len(values) > 0 {
		return "Zoho takes " + oneOf(values)
	}
	if limit := f.details.text("limit"); code == "LIMIT_EXCEEDED" && limit != "" && f.details.has("json_path") {
		return "Zoho takes at most " + limit
	}
	if code == "INVALID_DATA" && f.index() == 2 {
		return "the configuration was deleted, or is another module's: read it again"
	}
	return configurationHints[code]
}

// scopeOf is the scope that a door of the settings needs.
func scopeOf(op string) string {
	switch op {
	case OpModules, OpModule:
		return "ZohoCRM.settings.modules.READ"
	case OpFields:
		return "ZohoCRM.settings.fields.READ"
	case OpProfiles:
		return "ZohoCRM.settings.profiles.READ"
	case OpCount, OpLockedTotal, OpLockedRecords:
		return "ZohoCRM.coql.READ, and one that may read the module"
	case OpGetConfiguration:
		return "ZohoCRM.settings.record_locking_configurations.READ"
	}
	return "ZohoCRM.settings.record_locking_configurations.ALL"
}

// list returns the words of a list.
func (o object) list(key string) []string {
	rows, _ := o.get(key).([]any)
	var words []string
	for _, row := range rows {
		if word := textOf(row); word != "" {
			words = append(words, cut(word))
		}
	}
	return words
}
