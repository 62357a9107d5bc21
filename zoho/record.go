package zoho

import (
	"strings"
	"time"
)

// Record names one record of a CRM module.
type Record struct {
	Module string // API name: Leads, Deals, a custom module's own
	ID     string // 1-19 digits
}

// String returns the module and the id with a blank between them; the one that there is where the other
// is missing.
func (r Record) String() string {
	return strings.TrimSpace(r.Module + " " + r.ID)
}

// User is a person of the CRM organisation.
type User struct{ ID, Name string }

// Source says how a lock came about.
type Source string

// The sources. Only a Manual lock can be taken away through the API; Both is a manual and an automatic
// lock on one record, told as one.
const (
	Manual    Source = "Manual"
	Automatic Source = "Automatic"
	Both      Source = "Both"
)

// Lock is the locking information of one record, as the page "Get Record Locking Information" tells it.
type Lock struct {
	ID     string    // the lock's own id, which changing and deleting it take; not the record's
	Reason string    // "" for an automatic lock
	Source Source    // as Zoho wrote it where it is none of ours
	By     User      // who locked; zero for an automatic lock
	At     time.Time // when, Zoho's clock, to the second; zero when missing or without a zone

	Editable        bool   // whether the signed-in user may change the lock, as far as Zoho hints; true when it does not say
	RuleID          string // the locking rule of an automatic lock
	ConfigurationID string // the module's locking configuration
	RecordName      string // the locked record's name
	ModuleID        string // the id of the locked record's module
	Owner           User   // of the locking information; zero where Zoho does not say
	ParentID        string // the record that the locking information belongs to; "" where Zoho does not say
}

// Receipt is Zoho's answer to a lock.
type Receipt struct {
	LockID string
	By     User      // zero when the answer does not say
	At     time.Time // Zoho's clock; zero when missing or without a zone
}
