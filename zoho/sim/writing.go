package sim

import (
	"net/http"
	"slices"
)

// The calls that change records and settings.
const (
	OpConfigure Op = "configure"    // POST, PUT, DELETE /settings/record_locking_configurations
	OpCreate    Op = "create"       // POST /{Module}
	OpUpdate    Op = "update"       // PUT /{Module}, /{Module}/{id}
	OpDelete    Op = "delete"       // DELETE /{Module}?ids=…, /{Module}/{id}
	OpOwner     Op = "change_owner" // POST …/actions/change_owner
	OpTag       Op = "tag"          // POST …/actions/add_tags
	OpUntag     Op = "untag"        // POST …/actions/remove_tags
	OpConvert   Op = "convert"      // POST /Leads/{id}/actions/convert
	OpRule      Op = "rule"         // not a call: a locking rule locked a record or let it go
)

// routeWriting tells the calls that change records and settings, in what follows
// the version in the path; false when the path or the method is none of theirs.
func (c *call) routeWriting(parts []string) bool {
	last := parts[len(parts)-1]
	switch {
	case len(parts) > 1 && len(parts) < 4 && parts[0] == "settings" && parts[1] == configurationKey:
		c.routeConfiguration(parts[2:])
		return true
	case slices.Contains([]string{"users", "org", "settings", "coql", "__apis", "__composite_requests"}, parts[0]):
		return false
	case len(parts) == 1:
		c.op = map[string]Op{http.MethodPost: OpCreate, http.MethodPut: OpUpdate, http.MethodDelete: OpDelete}[c.method]
	case len(parts) == 2 && digits(last):
		c.id = last
		c.op = map[string]Op{http.MethodPut: OpUpdate, http.MethodDelete: OpDelete}[c.method]
	case len(parts) == 3 && parts[1] == "actions" && last != "convert":
		c.op = actionOp(last)
	case len(parts) == 4 && parts[2] == "actions" && digits(parts[1]):
		c.id = parts[1]
		c.op = actionOp(last)
	default:
		return false
	}
	if c.op == "" {
		c.op, c.id = OpOther, ""
		return false
	}
	c.module = parts[0]
	if len(parts) > 2 && c.method != http.MethodPost {
		c.op = OpOther
		c.refuse(badMethod())
	}
	return true
}

func actionOp(name string) Op {
	return map[string]Op{"change_owner": OpOwner, "add_tags": OpTag, "remove_tags": OpUntag, "convert": OpConvert}[name]
}

// performWriting serves the calls of routeWriting; false when c is none of them. o.mu is held.
func (o *Org) performWriting(c *call) (answer, *change, bool) {
	perform, ok := map[Op]func(*call, *module) (answer, *change){
		OpCreate: o.createRecords, OpUpdate: o.updateRecords, OpDelete: o.deleteRecords, OpOwner: o.changeOwner,
		OpTag: o.changeTags, OpUntag: o.changeTags, OpConvert: o.convertLead,
	}[c.op]
	if c.op == OpConfigure {
		a, ch := o.configure(c)
		return a, ch, true
	}
	if !ok {
		return answer{}, nil, false
	}
	m, ok := o.modules[c.module]
	switch {
	case !ok || c.op == OpConvert && m.name != "Leads":
		return badModule(at(0)), nil, true
	case covered(o.stand.PermissionDenied, c.op):
		return refuse(http.StatusForbidden, "NO_PERMISSION",
			object{"permissions": []string{"Crm_Implied_Edit_" + m.name}}, "Permission denied"), nil, true
	}
	a, ch := perform(c, m)
	return a, ch, true
}

// several is the answer about several records: 200 or the status of success
// where all of it succeeded, 207 where some did, 400 where none did.
func several(success int, rows []envelope, more object) answer {
	good := 0
	for _, r := range rows {
		if r.Status == "success" {
			good++
		}
	}
	body := object{"data": rows}
	for k, v := range more {
		body[k] = v
	}
	a := answer{status: http.StatusMultiStatus, code: "SUCCESS", body: encode(body)}
	switch {
	case good == len(rows):
		a.status = success
	case good == 0:
		a.status, a.code = http.StatusBadRequest, rows[0].Code
	}
	return a
}

func succeeded(message string, details object) envelope {
	return envelope{"SUCCESS", details, message, "success"}
}
