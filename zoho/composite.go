package zoho

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// MaxParts is how many calls one composite call takes, and how many slots it takes up, however many
// they are.
const MaxParts = 5

// Part is one call within a composite: what it does (OpListLocks, OpLock, OpReason or OpUnlock), to which
// record, and what that needs besides.
type Part struct {
	Op     string
	Record Record
	LockID string // OpReason, OpUnlock
	Reason string // OpLock, OpReason
}

// PartAnswer is what came of one Part, as the Client's method for it would have told.
type PartAnswer struct {
	Locks   []Lock  // OpListLocks
	Receipt Receipt // OpLock
	Status  int     // HTTP status of this part; 0 when it got none
	Err     error   // an *Error; of kind NotAdmitted when a composite does not take such calls
}

// Composite makes up to MaxParts locking calls on different records in one call that costs 1 credit and
// takes MaxParts slots: where fewer are open the error holds a *NarrowError. It follows the page
// "Composite API". The parts are carried out side by side, none depends on another, and each has an
// outcome of its own: the answers stand in the order of the parts. The error is that of the call as a
// whole; unless its Phase is PhaseOpen no part had an effect.
func (c *Client) Composite(ctx context.Context, parts []Part) ([]PartAnswer, error) {
	outer := call{op: OpComposite, method: http.MethodPost, path: "/__composite_requests", price: 1, slots: MaxParts}
	if len(parts) == 0 || len(parts) > MaxParts {
		return nil, refuseHere(outer, RequestRefused, strconv.Itoa(len(parts))+" parts: a composite takes 1 to "+strconv.Itoa(MaxParts))
	}
	answers := make([]PartAnswer, len(parts))
	calls := make([]call, len(parts))
	for i, p := range parts {
		k, err := p.call(&answers[i])
		if err != nil {
			return nil, err
		}
		calls[i] = k
	}
	var err error
	if outer.body, err = compose(calls, c.version); err != nil {
		return nil, refuseHere(outer, RequestRefused, err.Error())
	}
	outer.read = func(a *answer) error { return takeApart(a, calls, answers) }
	outer.parts = func(clear func(string) string) *Error { return worst(answers, clear) }
	if err := c.do(ctx, outer); err != nil {
		return nil, err
	}
	return answers, nil
}

// call is the part as it would be made alone; what it reads goes into the answer.
func (p Part) call(into *PartAnswer) (call, error) {
	k := call{op: p.Op, record: p.Record, price: 1}
	switch p.Op {
	case OpListLocks:
		k.method, k.query = http.MethodGet, lockFields
		k.read = func(a *answer) (err error) {
			into.Locks, err = readLocks(a, p.Record)
			return err
		}
	case OpLock:
		k.method, k.body = http.MethodPost, reasonBody(p.Reason)
		k.read = func(a *answer) (err error) {
			into.Receipt, err = readReceipt(a, p.Record)
			return err
		}
	case OpReason:
		k.method, k.body = http.MethodPut, reasonBody(p.Reason)
		k.read = func(a *answer) error { return confirmLock(a, p.LockID) }
	case OpUnlock:
		k.method = http.MethodDelete
		k.read = func(a *answer) error { return confirmLock(a, p.LockID) }
	default:
		return k, refuseHere(k, RequestRefused, "no call that a composite is used for")
	}
	if k.body != nil {
		if err := checkReason(k, p.Reason); err != nil {
			return k, err
		}
	}
	return located(k, p.LockID)
}

// compose writes the body. The switch for side by side has had two names; a server that knows neither
// has it on by default.
func compose(calls []call, version string) ([]byte, error) {
	type request struct {
		ID      string            `json:"sub_request_id"`
		Method  string            `json:"method"`
		URI     string            `json:"uri"`
		Params  map[string]string `json:"params"`
		Headers struct{}          `json:"headers"`
		Body    json.RawMessage   `json:"body,omitempty"`
	}
	doc := struct {
		Rollback   bool      `json:"rollback_on_fail"`
		Parallel   bool      `json:"parallel_execution"`
		Concurrent bool      `json:"concurrent_execution"`
		Requests   []request `json:"__composite_requests"`
	}{Parallel: true, Concurrent: true}
	for i, k := range calls {
		query, err := url.ParseQuery(k.query)
		if err != nil {
			return nil, err
		}
		r := request{ID: strconv.Itoa(i + 1), Method: k.method, URI: "/crm/" + version + k.path, Params: map[string]string{}, Body: k.body}
		for name := range query {
			r.Params[name] = query.Get(name)
		}
		doc.Requests = append(doc.Requests, r)
	}
	return json.Marshal(doc)
}

// composed reports whether the answer tells of each part, whatever its status.
func composed(a *answer) bool {
	_, ok := first(a.value).get("__composite_requests").([]any)
	return ok && a.fault == nil && a.status < 500 && a.status != http.StatusTooManyRequests
}

// takeApart hands each part its answer. They come in the order of the parts and name none of them: an
// answer of another length tells nothing of any.
func takeApart(a *answer, calls []call, answers []PartAnswer) error {
	rows, _ := first(a.value).get("__composite_requests").([]any)
	if len(rows) != len(calls) {
		return errors.New("the answer is not about each part of the composite")
	}
	for i, row := range rows {
		o, _ := row.(object)
		answers[i].Err = nil
		if e := readPart(o, calls[i], a, &answers[i]); e != nil {
			answers[i].Err = e
		}
	}
	return nil
}

// readPart understands one part. That the composite was a success says nothing of it: its own status and
// body do. What was never triggered carries a code in their place.
func readPart(o object, k call, outer *answer, into *PartAnswer) *Error {
	response := o.object("details").object("response")
	if response == nil {
		return notTriggered(o, k)
	}
	status, err := strconv.Atoi(response.text("status_code"))
	if err != nil {
		return (&Error{Op: k.op, Record: k.record, Index: -1, Kind: BadAnswer, Message: "the composite's answer gives a part no status"}).settle()
	}
	into.Status = status
	e := understand(k, partAnswer(status, response.get("body"), outer), nil, 1, asIs)
	if e != nil {
		switch e.Kind {
		case ModuleUnsupported, ScopeMissing, SignIn, Redirected:
			// This may be the composite's word rather than the part's: asked alone, Zoho will say.
			e.Kind = NotAdmitted
			return e.settle()
		}
	}
	return e
}

// partAnswer is the part's answer as if it had come by itself.
func partAnswer(status int, body any, outer *answer) *answer {
	a := &answer{status: status, header: http.Header{}, at: outer.at, value: body}
	switch body := body.(type) {
	case nil:
		a.value, a.fault = nil, errors.New("empty")
	case string:
		a.body = bytes.TrimSpace([]byte(body)) // blanks alone are an empty answer
		a.value, a.fault = decodeLoosely(a.body)
	default:
		a.body = []byte("{}") // not empty; what it says has been read
	}
	return a
}

// notTriggered judges a part that has no answer. Two codes leave open whether it was carried out.
func notTriggered(o object, k call) *Error {
	f := readFinding(o)
	e := &Error{Op: k.op, Record: k.record, Code: cut(f.code), Message: cut(f.message), Index: -1, Kind: NotAdmitted}
	switch strings.ToUpper(f.code) {
	case "REQUEST_TIMEOUT", "INTERNAL_ERROR", "INTERNAL_SERVER_ERROR", "SUCCESS", "":
		e.Kind = NoAnswer
		if e.Message == "" {
			e.Message = "the composite tells nothing of this part"
		}
	case "TOO_MANY_REQUESTS":
		e.Kind = Throttled
	}
	return e.settle()
}

// asIs leaves a part's sentences to the look at the whole call, which knows the secrets.
func asIs(text string) string { return cut(text) }

// worst is the failure of a part that says most about how Zoho does: that it is throttled, then that
// it is in trouble. On the way it clears what the parts' failures say.
func worst(answers []PartAnswer, clear func(string) string) *Error {
	var throttled, open *Error
	for _, a := range answers {
		var e *Error
		if !errors.As(a.Err, &e) {
			continue
		}
		e.Code, e.Message = clear(e.Code), clear(e.Message)
		switch {
		case e.Kind == Throttled:
			throttled = e
		case e.Phase == PhaseOpen:
			open = e
		}
	}
	if throttled != nil {
		return throttled
	}
	return open
}
