package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"zlock/zoho"
)

// configurationWords says in plain words what a configuration does. The texts in it are clean.
func configurationWords(module string, c zoho.Configuration) string {
	var b strings.Builder
	paragraph := func(sentences ...string) {
		text := strings.TrimSpace(strings.Join(sentences, " "))
		if text != "" {
			b.WriteString(wrap(text, helpWidth) + "\n")
		}
	}
	paragraph(howLocked(module, c))
	b.WriteString("\n")
	paragraph(whoIsBound(c))
	paragraph(whatStays(c))
	paragraph(whatIsBlocked(c))
	if len(c.Rules) > 0 {
		b.WriteString("\n" + counted(int64(len(c.Rules)), "rule locks", "rules lock") + " automatically:\n")
		for _, r := range c.Rules {
			fold(&b, "  "+clean(r.Name)+": "+ruleWords(r), helpWidth)
			b.WriteString("\n")
		}
	}
	b.WriteString("\n")
	paragraph(history(c))
	return b.String()
}

func howLocked(module string, c zoho.Configuration) string {
	switch c.LockType {
	case zoho.LockManual:
		return module + " is locked by hand (lock_type manual)."
	case zoho.LockAutomatic:
		return module + " is locked by rules alone: nobody can lock or unlock by hand (lock_type automatic)."
	case zoho.LockBoth:
		return module + " is locked by hand and by rules (lock_type both)."
	}
	return module + ": lock_type " + clean(c.LockType) + "."
}

func whoIsBound(c zoho.Configuration) string {
	who := "Everyone is bound"
	if c.LockedFor == zoho.ForAllButProfile {
		who = "Everyone but " + andList(refNames(c.Profiles)) + " is bound"
	}
	switch {
	case c.PortalUsers == nil:
		return who + "."
	case *c.PortalUsers:
		return who + ", portal users too."
	}
	return who + "; portal users are not."
}

func whatStays(c zoho.Configuration) string {
	switch fields := refNames(c.Fields); len(fields) {
	case 0:
		return "No field stays editable."
	case 1:
		return fields[0] + " stays editable."
	default:
		return andList(fields) + " stay editable."
	}
}

// whatIsBlocked is about what a lock forbids besides editing, which it always forbids.
func whatIsBlocked(c zoho.Configuration) string {
	known := map[string]string{
		"tags": "changes of tags", "convert": "conversions", "delete": "deletes", "change_owner": "changes of owner",
		"send_mail": "mails", "send_survey": "surveys", "send_portal_invitation": "portal invitations",
	}
	var blocked []string
	for _, word := range append(append([]string{}, c.Actions...), c.Communications...) {
		if word != "update" {
			blocked = append(blocked, orElse(known[word], clean(word)))
		}
	}
	for _, b := range c.Buttons {
		blocked = append(blocked, "the button "+quoted(b.String()))
	}
	if len(blocked) == 0 {
		return "Edits are blocked, and nothing else."
	}
	return upperFirst(andList(append([]string{"edits"}, blocked...))) + " are blocked."
}

func history(c zoho.Configuration) string {
	text := "Configuration " + orElse(clean(c.ID), "without an id")
	if truth(c.SystemDefined) {
		text += ", made by Zoho CRM itself"
	}
	if c.ModifiedTime != "" {
		text += ", changed " + clean(c.ModifiedTime)
	}
	if c.ModifiedBy.Name != "" {
		text += " by " + clean(c.ModifiedBy.Name)
	}
	return text + "."
}

func refNames(refs []zoho.Ref) []string {
	names := make([]string, len(refs))
	for i, r := range refs {
		names[i] = clean(r.String())
	}
	return names
}

// andList lists things in a sentence.
func andList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// ruleWords says when a rule locks.
func ruleWords(r zoho.Rule) string {
	text := criteriaWords(r.Criteria)
	if truth(r.LockExisting) {
		text += ", records that are there already included"
	}
	return text
}

// comparatorWords are what stands between a field and a value; a comparator that is not here is said as
// Zoho writes it.
var comparatorWords = map[string]string{
	"equal": "is", "not_equal": "is not", "less_than": "is less than", "less_equal": "is at most",
	"greater_than": "is greater than", "greater_equal": "is at least", "between": "is between", "not_between": "is not between",
	"in": "is one of", "not_in": "is none of", "contains": "contains", "not_contains": "does not contain",
	"starts_with": "starts with", "ends_with": "ends with",
}

// criteriaWords says when criteria are met; groups within groups stand in brackets.
func criteriaWords(c *zoho.Criteria) string {
	switch {
	case c == nil:
		return "always"
	case len(c.Group) == 0:
		return clean(c.Field.String()) + " " + orElse(comparatorWords[c.Comparator], clean(c.Comparator)) + " " + valueWords(c.Value)
	}
	parts := make([]string, len(c.Group))
	for i := range c.Group {
		parts[i] = criteriaWords(&c.Group[i])
		if len(c.Group[i].Group) > 0 {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, " "+strings.ToLower(clean(c.GroupOperator))+" ")
}

// valueWords is a value for a person: numbers bare, texts in quotes.
func valueWords(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		if _, err := strconv.ParseFloat(v, 64); err == nil {
			return clean(v)
		}
		return quoted(v)
	case json.Number, bool:
		return fmt.Sprint(v)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = valueWords(v[i])
		}
		return andList(parts)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return clean(string(text))
}
