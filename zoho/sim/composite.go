package sim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	maxParts        = 5 // of one composite
	compositePlaces = 5 // that each takes among the calls served at once
)

// places is how many of the calls served at once c counts for.
func (c *call) places() int {
	if c.op == OpComposite {
		return compositePlaces
	}
	return 1
}

// part is one request within a composite.
type part struct {
	ID      string            `json:"sub_request_id"`
	Method  string            `json:"method"`
	URI     string            `json:"uri"`
	Params  map[string]string `json:"params"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// composite carries the parts out one after the other, each logged as a call of its own; o.mu is held.
// The answer is 200 when all were triggered, 207 when some were, 400 when none was, whatever came of them.
func (o *Org) composite(c *call) answer {
	parts, refused := readParts(c.body)
	if refused != nil {
		return *refused
	}
	rows, triggered := make([]object, len(parts)), 0
	for i, p := range parts {
		row, ran := o.carryPart(c, p)
		if rows[i] = row; ran {
			triggered++
		}
	}
	a := shown(object{"__composite_requests": rows})
	switch triggered {
	case len(parts):
	case 0:
		a.status = http.StatusBadRequest
	default:
		a.status = http.StatusMultiStatus
	}
	return a
}

func readParts(body []byte) ([]part, *answer) {
	var doc struct {
		Rollback   bool   `json:"rollback_on_fail"`
		Parallel   bool   `json:"parallel_execution"`
		Concurrent bool   `json:"concurrent_execution"`
		Parts      []part `json:"__composite_requests"`
	}
	var a answer
	switch err := json.Unmarshal(body, &doc); {
	case err != nil || len(body) > maxBody:
		a = refuse(http.StatusBadRequest, "INVALID_DATA", object{"expected_data_type": "jsonobject"}, "body")
	case len(doc.Parts) == 0:
		a = refuse(http.StatusBadRequest, "MANDATORY_NOT_FOUND", object{"api_name": "__composite_requests"}, "required field not found")
	case len(doc.Parts) > maxParts:
		a = refuse(http.StatusBadRequest, "INVALID_DATA",
			object{"api_name": "__composite_requests", "maximum_length": maxParts}, "invalid data")
	case doc.Rollback && (doc.Parallel || doc.Concurrent):
		a = refuse(http.StatusBadRequest, "AMBIGUITY_DURING_PROCESSING",
			object{"ambiguity_due_to": []object{{"api_name": "rollback_on_fail"}, {"api_name": "parallel_execution"}}}, "Ambiguity")
	default:
		return doc.Parts, nil
	}
	return nil, &a
}

// carryPart carries one part out, and says whether it was triggered.
func (o *Org) carryPart(c *call, p part) (object, bool) {
	sub := routePart(c, p)
	if sub == nil || !o.takes(sub.op) {
		return object{"code": "NOT_SUPPORTED", "status": "error", "message": "api not supported in composite requests",
			"details": object{"allowed_services": []string{"Get Records", "Get Related Records", "Create Records"}}}, false
	}
	a := o.carry(sub)
	if a.bring.cut || a.bring.hang {
		return object{"code": "REQUEST_TIMEOUT", "status": "error", "message": "request timed out", "details": object{}}, false
	}
	response := object{"status_code": a.status, "headers": object{"Content-Type": "application/json;charset=utf-8"}, "body": nil}
	if len(a.body) > 0 && !a.html && !a.bring.half {
		response["body"] = json.RawMessage(a.body)
	}
	return object{"code": "SUCCESS", "status": "success", "message": "composite sub request executed successfully",
		"details": object{"response": response}}, true
}

// routePart is the part as a call; nil where its path is none.
func routePart(c *call, p part) *call {
	path, ok := strings.CutPrefix(p.URI, "/crm/")
	if !ok {
		return nil
	}
	parts := strings.Split(path, "/")
	if len(parts) < 2 || !knownVersion(parts[0]) {
		return nil
	}
	sub := &call{op: OpOther, method: p.Method, query: url.Values{}, host: c.host, token: c.token, body: p.Body, part: true}
	for name, v := range p.Params {
		sub.query.Set(name, v)
	}
	sub.routeAPI(parts[1:])
	return sub
}

// takes reports whether a composite takes calls of that kind.
func (o *Org) takes(op Op) bool {
	switch o.cfg.Composite {
	case CompositeReads:
		return op == OpList || op == OpGet
	case CompositeAll:
		return op == OpList || op == OpGet || op.writes()
	}
	return false
}

// String names what a composite takes, for tests and logs.
func (c Composite) String() string {
	switch c {
	case CompositeNone:
		return "nothing"
	case CompositeReads:
		return "reads"
	case CompositeAll:
		return "all"
	}
	return "Composite(" + strconv.Itoa(int(c)) + ")"
}
