package zoho

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Kind says what a failure means at the door where it was met: the same code can mean another thing for
// a lock than for an unlock, and the Kind already takes that into account.
type Kind int

// The kinds of failure.
const (
	_                 Kind = iota
	AlreadyLocked          // lock: the record is locked already
	AutomaticOnly          // lock: the module is configured for automatic locking only
	AutomaticLock          // unlock, reason: an automatic lock, which no call can touch
	NoConfiguration        // the module has no locking configuration
	RelationMissing        // record locking was never set up in the module
	NoEdition              // the organisation's edition is without record locking
	ModuleUnknown          // no such module, or hidden from the user
	ModuleUnsupported      // the module cannot be locked
	RecordUnknown          // no such record, or hidden from the user
	LockUnknown            // no such lock (any more)
	ReasonRefused          // the reason is missing or too long
	NoPermission           // the user may not do this
	ProfileBarred          // the user's profile is without record locking
	ScopeMissing           // the sign-in lacks a scope
	SignIn                 // the sign-in itself is refused: a person must act
	TokenThrottled         // too many access tokens asked for: wait
	Throttled              // 429: too many calls at once, or the day's credits are gone
	ServerFault            // 408 or 5xx: Zoho's own trouble
	NoAnswer               // written, or partly, and no whole answer came
	NotSent                // nothing was written: no name, no connection, no TLS, no token, cancelled
	Stopped                // the Limiter lets nothing more leave: Err holds a *StopError
	BadAnswer              // an answer that cannot be believed
	Redirected             // 3xx: never followed
	RequestRefused         // any other definite refusal
	NotAdmitted            // a composite call does not take this call: it was not made, and may be made alone
)

var kindNames = [...]string{
	AlreadyLocked: "AlreadyLocked", AutomaticOnly: "AutomaticOnly", AutomaticLock: "AutomaticLock",
	NoConfiguration: "NoConfiguration", RelationMissing: "RelationMissing", NoEdition: "NoEdition",
	ModuleUnknown: "ModuleUnknown", ModuleUnsupported: "ModuleUnsupported", RecordUnknown: "RecordUnknown",
	LockUnknown: "LockUnknown", ReasonRefused: "ReasonRefused", NoPermission: "NoPermission",
	ProfileBarred: "ProfileBarred", ScopeMissing: "ScopeMissing", SignIn: "SignIn",
	TokenThrottled: "TokenThrottled", Throttled: "Throttled", ServerFault: "ServerFault",
	NoAnswer: "NoAnswer", NotSent: "NotSent", Stopped: "Stopped", BadAnswer: "BadAnswer",
	Redirected: "Redirected", RequestRefused: "RequestRefused", NotAdmitted: "NotAdmitted",
}

// String returns the kind's name as it stands in this package.
func (k Kind) String() string {
	if k > 0 && int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// Phase says how far a failed call got, and so whether it may have had an effect.
type Phase int

// The phases.
const (
	PhaseNotSent  Phase = iota // nothing left, or only a token call: it had no effect and may be made again
	PhaseRefused               // 429: taken in and turned away; it had no effect and may be made again later
	PhaseOpen                  // it may have had its effect, now or later: look before acting again
	PhaseDefinite              // answered: it had no effect and will not have one
)

// String returns the phase's name.
func (p Phase) String() string {
	switch p {
	case PhaseNotSent:
		return "not sent"
	case PhaseRefused:
		return "refused"
	case PhaseOpen:
		return "open"
	case PhaseDefinite:
		return "definite"
	}
	return "Phase(" + strconv.Itoa(int(p)) + ")"
}

// Error is every failure of a [Client], of [Tokens] and of a [Consent].
type Error struct {
	Op         string   // one of the Op constants
	Record     Record   // zero where the call is about no record
	Status     int      // HTTP status, 0 when no answer came
	Code       string   // Zoho's code, upper case as Zoho wrote it; "" when it gave none
	Message    string   // Zoho's sentence, at most 300 characters; or ours where Zoho said nothing
	Index      int      // details.resource_path_index: 0 module, 1 record, 2 relation, 3 lock; -1 absent
	Keys       []string // at the doors of the settings: what of the request Zoho blames, such as record_locking_configurations[0].lock_type
	Kind       Kind
	Vague      bool // Zoho named no cause and the Kind is the likeliest one: read the record before believing it
	Phase      Phase
	Hint       string        // what a person can do; "" when there is nothing
	RetryAfter time.Duration // how long Zoho (or our own rule) asks to wait, at most 1 h; 0 when unsaid
	Err        error         // what lies beneath: a network error, a *StopError, a context's error
}

// The operations that an Error names.
const (
	OpListLocks   = "list locks"
	OpGetLock     = "read lock"
	OpLock        = "lock"
	OpReason      = "change reason"
	OpUnlock      = "unlock"
	OpBulkRead    = "bulk read"
	OpComposite   = "composite"
	OpCurrentUser = "current user"
	OpToken       = "access token"

	OpGetConfiguration    = "read configuration"
	OpCreateConfiguration = "create configuration"
	OpUpdateConfiguration = "update configuration"
	OpDeleteConfiguration = "delete configuration"
	OpModules             = "list modules"
	OpModule              = "read module"
	OpFields              = "list fields"
	OpProfiles            = "list profiles"
	OpCount               = "count locked records"
	OpLockedTotal         = "total of locked records"
	OpLockedRecords       = "list locked records"
	OpRecords             = "list records"

	OpOrganisation = "organisation"
	OpSignIn       = "sign in"
	OpDevice       = "sign in by device code"
	OpRevoke       = "revoke sign-in"
)

// Error says what was asked, of which record, and what Zoho answered.
func (e *Error) Error() string {
	asked := e.Op
	if e.Record != (Record{}) && !e.ofAccounts() { // the record only waited for the token
		asked += " " + e.Record.String()
	}
	return asked + e.answered()
}

// trouble says what went wrong with the call, whichever it was, and what can be done.
func (e *Error) trouble() string {
	text := strings.TrimPrefix(e.answered(), ": ")
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return cut(text)
}

// answered is what Zoho answered, or the network; each part of it begins with a colon.
func (e *Error) answered() string {
	var b strings.Builder
	if answer := strings.TrimSpace(e.answer()); answer != "" {
		b.WriteString(": " + answer)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if len(e.Keys) > 0 {
		b.WriteString(": at " + strings.Join(e.Keys, " and "))
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *Error) answer() string {
	if e.Status == 0 || e.ofAccounts() && e.Status == 200 { // that endpoint refuses with 200
		return e.Code
	}
	return strconv.Itoa(e.Status) + " " + e.Code
}

// ofAccounts reports a failure of the accounts host, which is about no record.
func (e *Error) ofAccounts() bool {
	return e.Op == OpToken || e.Op == OpSignIn || e.Op == OpDevice || e.Op == OpRevoke
}

// Unwrap returns the error beneath, for errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }
