package batch

import (
	"fmt"
	"slices"
	"strings"
)

// lockable are the standard modules that record locking can be configured for, by API name, with
// the singular that exports use in column names.
// (Zoho: "Add Record Locking Configuration".)
var lockable = []struct{ name, singular string }{
	{"Leads", "Lead"}, {"Accounts", "Account"}, {"Contacts", "Contact"}, {"Deals", "Deal"},
	{"Tasks", "Task"}, {"Cases", "Case"}, {"Solutions", "Solution"}, {"Vendors", "Vendor"},
	{"Price_Books", "Price_Book"}, {"Quotes", "Quote"}, {"Sales_Orders", "Sales_Order"},
	{"Purchase_Orders", "Purchase_Order"}, {"Invoices", "Invoice"}, {"Products", "Product"},
}

// LockableModules lists the API names of Zoho's standard modules that can be locked. Custom modules
// can be too.
func LockableModules() []string {
	names := make([]string, len(lockable))
	for i, m := range lockable {
		names[i] = m.name
	}
	return names
}

// parseModule gives the API name that the text means: a lockable module whatever its case, anything
// else that is well formed as it is, since organisations name modules of their own.
func parseModule(text string) (string, *problem) {
	name := strings.Trim(text, asciiBlanks)
	if name == "" {
		return "", &problem{FaultModuleMissing, "no module", "give the module's API name"}
	}
	for _, m := range lockable {
		if strings.EqualFold(name, m.name) {
			return m.name, nil
		}
	}
	return name, checkModuleName(name)
}

// checkModuleName refuses what cannot be an API name, and so must not become part of an address.
func checkModuleName(name string) *problem {
	for i, c := range []byte(name) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if letter || i > 0 && (c == '_' || '0' <= c && c <= '9') {
			continue
		}
		return &problem{FaultModuleMalformed, fmt.Sprintf("%q is no module's API name", snippet(name)), moduleHint(name)}
	}
	return nil
}

// moduleHint names the module whose label the text may be.
func moduleHint(name string) string {
	const rule = "an API name is a letter, then letters, digits and _; Zoho's setup lists them under Developer Hub, APIs and SDKs"
	for _, m := range lockable {
		if plainName(name) == plainName(m.name) {
			return "did you mean " + m.name + "? " + rule
		}
	}
	return rule
}

// isLookup reports whether a column's plain name says "<Module> Id" of a lockable module, the old
// name of Deals, or the module that all rows belong to.
func isLookup(plain, module string) bool {
	if lookupModule(plain) != "" {
		return true
	}
	word, found := strings.CutSuffix(plain, "id")
	own := plainName(module)
	return found && word != "" && (word == own || word+"s" == own)
}

// lookupModule is the lockable module whose ids a column's plain name says it holds, Deals by its old
// name too; "" for none.
func lookupModule(plain string) string {
	word, found := strings.CutSuffix(plain, "id")
	if !found {
		return ""
	}
	for _, m := range lockable {
		if word == plainName(m.name) || word == plainName(m.singular) {
			return m.name
		}
	}
	if word == "potential" || word == "potentials" {
		return "Deals"
	}
	return ""
}

func isLockable(name string) bool {
	return slices.ContainsFunc(lockable, func(m struct{ name, singular string }) bool { return m.name == name })
}
