package zoho

import "strings"

// sentence is what an English message says, as far as code, status and index leave it open.
type sentence struct {
	already       bool // the record is locked already
	automatic     bool // automatic locking is at work
	configuration bool // a locking configuration is not present
	relation      bool // the related list itself is not there
	profile       bool // the user's profile is without the feature
	credits       bool // the credits of the last 24 hours are gone
	tooMany       bool // too many requests
}

// readSentence is the one place where Zoho's wording is read: Zoho gives three answers on a lock, and two
// on an unlock, that differ in nothing else. Stems are matched, without case, because page and example
// spell the same message differently.
func readSentence(message string) sentence {
	m := strings.ToLower(message)
	has := func(stem string) bool { return strings.Contains(m, stem) }
	return sentence{
		already:       has("already"),
		automatic:     has("automatic"),
		configuration: has("configuration") && has("not present"),
		relation:      has("relation ") && (has("not found") || has("invalid")),
		profile:       has("profile"),
		credits:       has("24 hour") || has("24 hr") || has("credit") || has("per day"),
		tooMany:       has("too many") || has("access denied"),
	}
}
