package sim

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxReason is the most characters that a reason may have.
const maxReason = 3000

// zone is that of the organisation's users: Zoho's times carry the user's offset.
func zone() *time.Location { return time.FixedZone("", 5*3600+1800) }

// locking serves the five calls of the record-locking API; o.mu is held.
func (o *Org) locking(c *call) (answer, *change) {
	m, ok := o.modules[c.module]
	if !ok {
		return badModule(at(0)), nil
	}
	if a := o.lockingBarred(c, m); a != nil {
		return *a, nil
	}
	_, id, ok := o.find(c.module, c.id)
	if !ok {
		return refuse(http.StatusBadRequest, "INVALID_DATA", at(1), "the related id given seems to be invalid"), nil
	}
	if covered(o.stand.PermissionDenied, c.op) {
		return noPermission(c.op), nil
	}
	k := key{m, id}
	switch c.op {
	case OpList:
		return o.listLocks(c, k), nil
	case OpGet:
		return o.getLock(c, k), nil
	case OpLock:
		return o.createLock(c, k)
	case OpReason:
		return o.updateReason(c, k)
	}
	return o.deleteLock(c, k)
}

// lockingBarred is what stands in the way whatever the record; nil when nothing does.
func (o *Org) lockingBarred(c *call, m *module) *answer {
	var a answer
	switch {
	case o.stand.EditionBarred:
		a = notForEdition()
	case m.Locking == Unsupported:
		a = refuse(http.StatusBadRequest, "NOT_SUPPORTED", object{}, "the module is not supported for record locking")
	case m.Locking == RelationMissing && c.op == OpUnlock:
		a = refuse(http.StatusBadRequest, "INVALID_DATA", at(3), "relation not found")
	case m.Locking == RelationMissing:
		a = refuse(http.StatusBadRequest, "INVALID_DATA", object{}, "relation not found")
	case m.Locking == NotConfigured:
		a = refuse(http.StatusBadRequest, "NOT_ALLOWED", at(2), "Required Record Locking Configuration is not present")
	case o.stand.ProfileBarred:
		a = refuse(http.StatusForbidden, "NO_PERMISSION", at(1),
			"Record Locking Configuration is not supported for the profile of the user")
	default:
		return nil
	}
	return &a
}

func noPermission(op Op) answer {
	message := "permission denied"
	switch op {
	case OpLock, OpReason:
		message = "permission denied to customize record lock configurations"
	case OpUnlock:
		message = "You do not have permission to unlock this record"
	}
	return refuse(http.StatusForbidden, "NO_PERMISSION", at(1), message)
}

func (o *Org) listLocks(c *call, k key) answer {
	fields := c.query.Get("fields")
	if fields == "" {
		return missingParam("fields")
	}
	r, locked := k.m.locks[k.id]
	if !locked {
		return nothing()
	}
	a := shown(object{
		"data": []object{chosen(o.describe(k, r), fields)},
		"info": object{
			"per_page": 200, "count": 1, "page": 1, "more_records": false,
			"next_page_token": nil, "previous_page_token": nil, "page_token_expiry": nil,
		},
	})
	a.lockID = strconv.FormatInt(r.id, 10)
	return a
}

func (o *Org) getLock(c *call, k key) answer {
	r, ok := k.asked(c)
	if !ok {
		return nothing()
	}
	a := shown(object{"data": []object{o.describe(k, r)}})
	a.lockID = c.lockID
	return a
}

func (o *Org) createLock(c *call, k key) (answer, *change) {
	reason, refused := readReason(c.body)
	if refused != nil {
		return *refused, nil
	}
	if k.m.Locking == LockingAutomatic {
		return notAllowed("record cannot be locked, only automatic locking is configured"), nil
	}
	if _, locked := k.m.locks[k.id]; locked {
		return alreadyLocked(), nil
	}
	r := o.row(Lock{Reason: reason, By: o.cfg.Me}, o.newLockID(), o.now())
	me := object{"name": o.cfg.Me.Name, "id": o.cfg.Me.ID}
	made := clock(r.at)
	return done(http.StatusCreated, r.id, object{
		"Created_Time": made, "Modified_Time": made, "Created_By": me, "Modified_By": me,
	}, "record added"), &change{key: k, row: &r}
}

func (o *Org) updateReason(c *call, k key) (answer, *change) {
	reason, refused := readReason(c.body)
	if refused != nil {
		return *refused, nil
	}
	r, ok := k.asked(c)
	if !ok {
		return lockUnknown(), nil
	}
	if r.from() == Automatic {
		return alreadyLocked(), nil
	}
	r.reason = reason
	return done(http.StatusOK, r.id, object{}, "relation updated"), &change{key: k, row: &r}
}

func (o *Org) deleteLock(c *call, k key) (answer, *change) {
	r, ok := k.asked(c)
	if !ok {
		return lockUnknown(), nil
	}
	if r.from() != Manual {
		return notAllowed("Automatically locked records can not be unlocked manually"), nil
	}
	return done(http.StatusOK, r.id, object{}, "relation removed"), &change{key: k}
}

// asked is the record's lock if it is the one that the call names.
func (k key) asked(c *call) (row, bool) {
	r, locked := k.m.locks[k.id]
	id, err := strconv.ParseInt(c.lockID, 10, 64)
	return r, locked && err == nil && r.id == id
}

func notAllowed(message string) answer {
	return refuse(http.StatusForbidden, "NOT_ALLOWED", at(1), message)
}

func alreadyLocked() answer { return notAllowed("record is already locked") }

func lockUnknown() answer {
	return refuse(http.StatusBadRequest, "INVALID_DATA", at(3), "the id given seems to be invalid")
}

// clock is a time as Zoho writes it.
func clock(unix int64) string {
	return time.Unix(unix, 0).In(zone()).Format("2006-01-02T15:04:05-07:00")
}

// describe is a lock with all its fields.
func (o *Org) describe(k key, r row) object {
	automatic := r.from() == Automatic
	d := object{
		"id":             strconv.FormatInt(r.id, 10),
		"Locked_By__s":   nil,
		"Locked_For__s":  object{"module": object{"api_name": k.m.name, "id": k.m.number(moduleIDs)}, "name": k.m.title(k.id), "id": k.text()},
		"Locked_Time__s": clock(r.at), "Locked_Reason__s": nil, "Lock_Source__s": string(r.from()),
		"Record_Locking_Configuration_Id__s": k.m.configurationID(), "Record_Locking_Rule_Id__s": nil,
		"Feature_Type__s": featureType, "$editable": !automatic, "$sharing_permission": "full_access",
		"$field_states": nil, "$zia_visions": nil,
	}
	if r.by >= 0 {
		by := o.people.user(r.by)
		d["Locked_By__s"] = object{"name": by.Name, "id": by.ID}
		d["Locked_Reason__s"] = r.reason
	}
	if r.from() != Manual {
		d["Record_Locking_Rule_Id__s"] = k.m.ruleID(r)
	}
	if automatic {
		d["$sharing_permission"] = "read_only"
	}
	return d
}

func (m *module) number(base int64) string { return strconv.FormatInt(base+m.order, 10) }

// chosen keeps the fields that were asked for, and those that Zoho adds of its own accord.
func chosen(all object, fields string) object {
	asked := map[string]bool{"id": true, "Feature_Type__s": true}
	for name := range strings.SplitSeq(fields, ",") {
		asked[strings.TrimSpace(name)] = true
	}
	kept := object{}
	for name, v := range all {
		if asked[name] || strings.HasPrefix(name, "$") {
			kept[name] = v
		}
	}
	return kept
}

// readReason takes the reason out of a body of POST or PUT, or says what is wrong with it.
func readReason(body []byte) (string, *answer) {
	var doc struct {
		Data []map[string]json.RawMessage `json:"data"`
	}
	if len(body) > maxBody || json.Unmarshal(body, &doc) != nil {
		a := refuse(http.StatusBadRequest, "INVALID_DATA", object{"expected_data_type": "jsonobject"}, "body")
		return "", &a
	}
	if len(doc.Data) == 0 {
		a := refuse(http.StatusBadRequest, "MANDATORY_NOT_FOUND", object{"api_name": "data", "json_path": "$.data"}, "required field not found")
		return "", &a
	}
	if len(doc.Data) > 1 {
		a := refuse(http.StatusBadRequest, "INVALID_DATA",
			object{"api_name": "data", "json_path": "$.data", "maximum_length": 1}, "invalid data")
		return "", &a
	}
	return checkReason(doc.Data[0]["Locked_Reason__s"])
}

func checkReason(raw json.RawMessage) (string, *answer) {
	var reason *string
	details := object{"api_name": "Locked_Reason__s", "json_path": "$.data[0].Locked_Reason__s"}
	var a answer
	switch {
	case raw == nil:
		a = refuseRow("MANDATORY_NOT_FOUND", details, "required field not found")
	case json.Unmarshal(raw, &reason) != nil:
		details["expected_data_type"] = "text"
		a = refuseRow("INVALID_DATA", details, "invalid data")
	case reason == nil || strings.TrimSpace(*reason) == "":
		a = refuseRow("MANDATORY_NOT_FOUND", details, "required field not found")
	case utf8.RuneCountInString(*reason) > maxReason:
		details["maximum_length"] = maxReason
		a = refuseRow("INVALID_DATA", details, "invalid data")
	default:
		return *reason, nil
	}
	return "", &a
}
