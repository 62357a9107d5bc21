package sim

import (
	"net/http"
	"strconv"
	"strings"
)

// createRecords serves "Insert Records".
func (o *Org) createRecords(c *call, m *module) (answer, *change) {
	rows, a := readRows(c.body)
	if a != nil {
		return *a, nil
	}
	d := o.newDraft()
	told := make([]envelope, len(rows))
	for i, r := range rows {
		h := &held{Values: map[string]any{}, Created: o.now().Unix()}
		if fault := o.write(m, r, h, true); fault != nil {
			told[i] = *fault
			continue
		}
		rec := d.make(m)
		d.touch(rec.key, h)
		told[i] = succeeded("record added", o.receipt(rec.key, h))
	}
	return several(http.StatusCreated, told, nil), d.change()
}

// receipt is what Zoho tells of a record that was written.
func (o *Org) receipt(k key, h *held) object {
	me := object{"name": o.cfg.Me.Name, "id": o.cfg.Me.ID}
	created := h.Created
	if created == 0 {
		created = o.created(k)
	}
	return object{
		"id": k.text(), "Created_Time": clock(created), "Modified_Time": clock(h.Modified),
		"Created_By": me, "Modified_By": me, "$approval_state": "approved",
	}
}

// updateRecords serves "Update Records", of the record in the path or of those in the body.
func (o *Org) updateRecords(c *call, m *module) (answer, *change) {
	rows, a := readRows(c.body)
	if a != nil {
		return *a, nil
	}
	if c.id != "" {
		if _, _, ok := o.find(c.module, c.id); !ok {
			return refuse(http.StatusBadRequest, "INVALID_DATA", at(1), "the id given seems to be invalid"), nil
		}
		rows = rows[:1]
		rows[0].values["id"] = c.id
	}
	d := o.newDraft()
	told := make([]envelope, len(rows))
	for i, r := range rows {
		told[i] = d.update(m, r)
	}
	return several(http.StatusOK, told, nil), d.change()
}

// update changes one record as its row says.
func (d *draft) update(m *module, r recordRow) envelope {
	if r.values["id"] == nil {
		return *r.wrong("MANDATORY_NOT_FOUND", "id", "required field not found", nil)
	}
	k, ok := d.named(m, r.idIn())
	if !ok {
		return *r.wrong("INVALID_DATA", "id", "the id given seems to be invalid", nil)
	}
	if d.barred(k, "update") && !m.onlyFree(r.values) {
		return *r.wrong("RECORD_LOCKED", "id", lockedSorry, object{"action": featureType})
	}
	h := d.heldOf(k).clone()
	if fault := d.o.write(m, r, h, false); fault != nil {
		return *fault
	}
	d.touch(k, h)
	return succeeded("record updated", d.o.receipt(k, h))
}

// named is the record with this id, as the draft has it.
func (d *draft) named(m *module, id string) (key, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	k := key{m, n}
	return k, err == nil && digits(id) && d.exists(k)
}

// onlyFree reports whether the values are of fields that a lock leaves free.
func (m *module) onlyFree(values map[string]any) bool {
	for field := range values {
		if field != "id" && !m.free(field) {
			return false
		}
	}
	return true
}

// deleteRecords serves "Delete Records", of the record in the path or of those that ids names.
func (o *Org) deleteRecords(c *call, m *module) (answer, *change) {
	ids := strings.Split(c.query.Get("ids"), ",")
	switch {
	case c.id != "":
		if _, _, ok := o.find(c.module, c.id); !ok {
			return refuse(http.StatusBadRequest, "INVALID_DATA", at(1), "record not deleted"), nil
		}
		ids = []string{c.id}
	case c.query.Get("ids") == "":
		return missingParam("ids"), nil
	case len(ids) > maxWritten:
		return tooMany("ids", maxWritten), nil
	}
	d := o.newDraft()
	told := make([]envelope, len(ids))
	for i, id := range ids {
		id = strings.TrimSpace(id)
		k, ok := d.named(m, id)
		switch {
		case !ok:
			told[i] = envelope{"INVALID_DATA", object{"id": id}, "record not deleted", "error"}
		case d.barred(k, "delete"):
			told[i] = recordLocked(k, lockedPlain)
		default:
			d.of(k).gone = true
			told[i] = succeeded("record deleted", object{"id": k.text()})
		}
	}
	return several(http.StatusOK, told, nil), d.change()
}
