package zoho

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// judge says what a whole HTTP exchange means at the door named by op: nil when Zoho did not refuse it,
// which is not yet a success (the door's own method reads on). Codes and bodies are those of the record
// locking pages (get v5, lock, update and unlock v7) and of Zoho's OpenAPI examples.
func judge(op string, a *answer) *Error {
	e := &Error{Op: op, Status: a.status, Index: -1}
	f, found := findFinding(a.value)
	err := a.fault
	if found && err == nil {
		e.Code, e.Message, e.Index = f.code, f.message, f.index()
	}
	switch kind := kindOfStatus(a.status); {
	case kind == Redirected:
		e.Kind, e.Message = kind, whereTo(a)
	case kind != 0:
		e.Kind = kind
	case a.broken != nil:
		e.Kind, e.Message = BadAnswer, "the answer is not whole"
		e.Err = a.broken
	case a.success() && len(a.body) == 0:
		return nil
	case err != nil || !found:
		if a.success() && err == nil {
			return nil
		}
		e.Kind, e.Message = unreadable(a, err)
	case a.success() && !f.failed():
		return nil
	default:
		e.Kind, e.Vague = kindOfCode(op, a.status, f)
		if ofSettings(op) {
			e.Keys, e.Hint = f.keys(), settingsHint(e, f)
		}
	}
	e.RetryAfter = waitAsked(a, f)
	return e.settle()
}

// settle fills in what follows from the kind.
func (e *Error) settle() *Error {
	switch e.Kind {
	case Throttled, TokenThrottled:
		e.Phase = PhaseRefused
	case ServerFault, BadAnswer, NoAnswer:
		e.Phase = PhaseOpen
	case NotSent, Stopped:
		e.Phase = PhaseNotSent
	default:
		e.Phase = PhaseDefinite
	}
	if e.Hint == "" {
		e.Hint = hintFor(e)
	}
	return e
}

// kindOfStatus names the kind of a status that settles it whatever the body says, or 0.
func kindOfStatus(status int) Kind {
	switch {
	case status == http.StatusTooManyRequests:
		return Throttled
	case status >= 500, status == http.StatusRequestTimeout:
		return ServerFault
	case status >= 300 && status < 400:
		return Redirected
	case status < 200:
		return BadAnswer
	}
	return 0
}

// unreadable says what an answer means whose body holds nothing to go by. Zoho says in JSON that it refuses a
// token: a 401 that says anything else is somebody's between us and Zoho, who asks for a sign-in of their own.
// No other token would please them, and whether the call got past them is no more certain than with any page.
func unreadable(a *answer, err error) (Kind, string) {
	switch what := fmt.Sprintf("the answer is not the JSON that was expected: %v", err); {
	case a.success():
		return BadAnswer, what
	case a.status == http.StatusUnauthorized && (err == nil || len(bytes.TrimSpace(a.body)) == 0):
		return SignIn, "the access token was refused"
	case err == nil:
		return RequestRefused, "the answer names no code"
	default: // a page of somebody's between us and Zoho, which cannot say whether Zoho has acted
		return BadAnswer, what
	}
}

// kindOfCode says what a code means at a door. The code goes first and the status second: pages print
// different statuses for one code.
func kindOfCode(op string, status int, f finding) (kind Kind, vague bool) {
	if ofSettings(op) {
		if kind, ok := kindOfSettings(op, f); ok {
			return kind, false
		}
	}
	switch strings.ToUpper(f.code) {
	case "NOT_ALLOWED":
		return kindOfNotAllowed(op, status, f)
	case "INVALID_DATA":
		return kindOfInvalidData(op, f), false
	case "RECORD_LOCKED":
		return kindOfRecordLocked(op, f), false
	case "MANDATORY_NOT_FOUND":
		return kindOfMandatory(op, f), false
	case "NO_PERMISSION":
		if readSentence(f.message).profile {
			return ProfileBarred, false
		}
		return NoPermission, false
	}
	if kind, ok := kindOfPlainCode(f.code); ok {
		return kind, false
	}
	if status == http.StatusUnauthorized {
		return SignIn, false
	}
	if status < 300 && !strings.EqualFold(f.status, "error") {
		return BadAnswer, false
	}
	return RequestRefused, false
}

// kindOfPlainCode knows the codes that mean one thing at every door.
func kindOfPlainCode(code string) (Kind, bool) {
	switch strings.ToUpper(code) {
	case "INVALID_MODULE":
		return ModuleUnknown, true
	case "NOT_SUPPORTED", "MODULE_NOT_SUPPORTED":
		return ModuleUnsupported, true
	case "FEATURE_NOT_SUPPORTED":
		return NoEdition, true
	case "OAUTH_SCOPE_MISMATCH":
		return ScopeMissing, true
	case "INVALID_TOKEN", "INVALID_OAUTHTOKEN", "AUTHENTICATION_FAILURE":
		return SignIn, true
	case "TOO_MANY_REQUESTS", "429":
		return Throttled, true
	case "INTERNAL_ERROR", "INTERNAL_SERVER_ERROR", "REQUEST_TIMEOUT": // of the last Zoho says that it may still have acted
		return ServerFault, true
	}
	return 0, false
}

// kindOfNotAllowed tells the two families of NOT_ALLOWED apart: index 2 (status 400) is the module's
// missing configuration, index 1 (status 403) the state of this record. Three states of the record share
// even that, so the sentence decides; where it says nothing, the likeliest one is given as vague.
func kindOfNotAllowed(op string, status int, f finding) (Kind, bool) {
	says := readSentence(f.message)
	ofRecord := f.index() == 1 || says.already || says.automatic
	switch {
	case f.index() == 2, !ofRecord && (says.configuration || status == http.StatusBadRequest):
		return NoConfiguration, false
	case op == OpLock && says.already:
		return AlreadyLocked, false
	case op == OpLock && says.automatic:
		return AutomaticOnly, false
	case op == OpLock:
		return AlreadyLocked, true
	case op == OpUnlock, op == OpReason && says.automatic:
		return AutomaticLock, !says.automatic
	}
	return RequestRefused, false
}

// kindOfInvalidData goes by the segment of the path that Zoho blames, except for "relation not found",
// which an unlock tells with the lock's own index.
func kindOfInvalidData(op string, f finding) Kind {
	if readSentence(f.message).relation {
		return RelationMissing
	}
	if f.details.has("maximum_length") || strings.EqualFold(f.details.text("api_name"), reasonField) {
		return ReasonRefused
	}
	switch f.index() {
	case 0:
		return ModuleUnknown
	case 1:
		return RecordUnknown
	case 2:
		return RelationMissing
	case 3:
		if op == OpGetLock || op == OpReason || op == OpUnlock {
			return LockUnknown
		}
	}
	return RequestRefused
}

// kindOfRecordLocked: Zoho uses the code for merges, reviews and approvals too, told apart by the action.
func kindOfRecordLocked(op string, f finding) Kind {
	action := f.details.text("action")
	if op == OpLock && (action == "" || strings.EqualFold(action, "record_locking")) {
		return AlreadyLocked
	}
	return RequestRefused
}

func kindOfMandatory(op string, f finding) Kind {
	name := f.details.text("api_name")
	if (op == OpLock || op == OpReason) && (name == "" || strings.EqualFold(name, reasonField)) {
		return ReasonRefused
	}
	return RequestRefused
}

// waitAsked returns how long the answer asks to wait, in its header or in its details.
func waitAsked(a *answer, f finding) time.Duration {
	if d := retryAfter(a.header.Get("Retry-After"), a.at); d > 0 {
		return d
	}
	return retryAfter(f.details.text("retry_after"), a.at)
}
