package sim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// maxTagged is the most records that one call adds tags to, or removes them from.
const maxTagged = 500

// action is the body of a call to …/actions/….
type action struct {
	Owner     *namedOwner `json:"owner"`
	Tags      []tag       `json:"tags"`
	OverWrite bool        `json:"over_write"`
	IDs       []string    `json:"ids"`
}

type namedOwner struct {
	ID string `json:"id"`
}

type tag struct {
	Name  string  `json:"name"`
	ID    string  `json:"id"`
	Color *string `json:"color_code"`
}

// readAction reads the body, and the record of the path into its ids.
func readAction(c *call) (action, *answer) {
	var body action
	if json.Unmarshal(c.body, &body) != nil {
		a := refuse(http.StatusBadRequest, "INVALID_DATA", object{"expected_data_type": "jsonobject"}, "body")
		return body, &a
	}
	if c.id != "" {
		body.IDs = []string{c.id}
	}
	if len(body.IDs) == 0 {
		return body, lacking("ids", "$.ids")
	}
	if len(body.IDs) > maxTagged {
		a := refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", object{"api_name": "ids", "json_path": "$.ids", "limit": maxTagged},
			"count of records in your request exceeds the limit")
		return body, &a
	}
	return body, nil
}

func lacking(key, path string) *answer {
	a := refuse(http.StatusBadRequest, "MANDATORY_NOT_FOUND", object{"api_name": key, "json_path": path}, "required field not found")
	return &a
}

// changeOwner serves "Change Owner", of the record in the path or of those in the body.
func (o *Org) changeOwner(c *call, m *module) (answer, *change) {
	body, a := readAction(c)
	switch {
	case a != nil:
		return *a, nil
	case body.Owner == nil:
		return *lacking("owner", "$.owner"), nil
	case o.userWith(body.Owner.ID).Name == "":
		return refuse(http.StatusBadRequest, "INVALID_DATA", object{"api_name": "owner", "json_path": "$.owner.id"}, "Invalid data provided"), nil
	}
	d := o.newDraft()
	told := make([]envelope, len(body.IDs))
	for i, id := range body.IDs {
		k, ok := d.named(m, id)
		switch {
		case !ok:
			told[i] = envelope{"INVALID_DATA", object{"id": id}, "the id given seems to be invalid", "error"}
		case d.barred(k, "change_owner"):
			told[i] = recordLocked(k, lockedSorry)
		default:
			h := d.heldOf(k).clone()
			h.Owner = body.Owner.ID
			d.touch(k, h)
			told[i] = succeeded("owner is successfully updated", object{"id": k.text()})
		}
	}
	if c.id != "" && told[0].Status == "error" { // of one record Zoho says it at the top level
		return answer{status: http.StatusBadRequest, code: told[0].Code, body: encode(told[0])}, nil
	}
	return several(http.StatusOK, told, nil), d.change()
}

// changeTags serves "Add Tags" and "Remove Tags", of the record in the path or of those in the body.
func (o *Org) changeTags(c *call, m *module) (answer, *change) {
	body, a := readAction(c)
	if a == nil && len(body.Tags) == 0 {
		a = lacking("tags", "$.tags")
	}
	for i, t := range body.Tags {
		if a == nil && t.Name == "" {
			a = lacking("name", "$.tags["+strconv.Itoa(i)+"].name")
		}
	}
	if a != nil {
		return *a, nil
	}
	d := o.newDraft()
	told, locked, good := make([]envelope, len(body.IDs)), 0, 0
	for i, id := range body.IDs {
		k, ok := d.named(m, id)
		switch {
		case !ok:
			told[i] = envelope{"INVALID_DATA", object{"id": id}, "the id given seems to be invalid", "error"}
		case d.barred(k, "tags"):
			told[i] = recordLocked(k, lockedPlain)
			locked++
		default:
			told[i] = succeeded("tags updated successfully", object{"id": k.text(), "tags": d.retag(k, c.op, body)})
			good++
		}
	}
	counts := object{"locked_count": strconv.Itoa(locked)}
	if c.op == OpTag {
		counts["success_count"] = strconv.Itoa(good)
	}
	return several(http.StatusOK, told, counts), d.change()
}

// retag changes a record's tags and returns those that it has then.
func (d *draft) retag(k key, op Op, body action) []tag {
	h := d.heldOf(k).clone()
	tags := tagsIn(h.Values["Tag"])
	if body.OverWrite && op == OpTag {
		tags = nil
	}
	for _, t := range body.Tags {
		i := slices.IndexFunc(tags, func(other tag) bool { return other.Name == t.Name })
		switch {
		case i < 0 && op == OpTag:
			t.ID = strconv.FormatUint(5843104000012000000+hash(t.Name)%1_000_000, 10)
			tags = append(tags, t)
		case i >= 0 && op == OpUntag:
			tags = slices.Delete(tags, i, i+1)
		}
	}
	h.Values["Tag"] = tags
	if len(tags) == 0 {
		delete(h.Values, "Tag")
	}
	d.touch(k, h)
	return tags
}

// tagsIn are the tags in a field's value, whether they were put there here or by a body.
func tagsIn(v any) []tag {
	if list, ok := v.([]tag); ok {
		return slices.Clone(list)
	}
	var list []tag
	if json.NewDecoder(bytes.NewReader(encode(v))).Decode(&list) != nil {
		return nil
	}
	return list
}

// conversion is the body of a call to convert a lead.
type conversion struct {
	Data []struct {
		Accounts *namedOwner    `json:"Accounts"`
		Contacts *namedOwner    `json:"Contacts"`
		Deals    map[string]any `json:"Deals"`
	} `json:"data"`
}

// convertLead serves "Convert Lead". The contact, the account and the deal are
// made where the organisation has these modules, unless the body names them.
func (o *Org) convertLead(c *call, m *module) (answer, *change) {
	_, id, ok := o.find(c.module, c.id)
	if !ok {
		return refuse(http.StatusBadRequest, "INVALID_DATA", at(1), "the id given seems to be invalid"), nil
	}
	var body conversion
	if len(c.body) > 0 && json.Unmarshal(c.body, &body) != nil {
		return refuse(http.StatusBadRequest, "INVALID_DATA", object{"expected_data_type": "jsonobject"}, "body"), nil
	}
	if len(body.Data) == 0 {
		return *lacking("data", "$.data"), nil
	}
	k, d := key{m, id}, o.newDraft()
	switch {
	case m.converted[id]:
		return refuseRow("ID_ALREADY_CONVERTED", object{"id": k.text()}, "id already converted"), nil
	case d.barred(k, "convert"):
		return several(http.StatusOK, []envelope{recordLocked(k, lockedPlain)}, nil), nil
	}
	from, wish := d.heldOf(k).clone(), body.Data[0]
	details := object{"Contacts": nil, "Accounts": nil, "Deals": nil}
	company, _ := from.value("Company").(string)
	d.become(details, "Contacts", m.title(id), wish.Contacts, object{"Last_Name": m.title(id), "Email": from.value("Email")})
	if company != "" || wish.Accounts != nil {
		d.become(details, "Accounts", company, wish.Accounts, object{"Account_Name": company})
	}
	if name, _ := wish.Deals["Deal_Name"].(string); name != "" {
		d.become(details, "Deals", name, nil, wish.Deals)
	}
	d.of(k).converted = true
	return several(http.StatusOK, []envelope{succeeded("The record has been converted successfully", details)}, nil), d.change()
}

// become makes the record of another module that a lead turns into, or takes the one that was named.
func (d *draft) become(details object, module, name string, named *namedOwner, values map[string]any) {
	m, ok := d.o.modules[module]
	if !ok {
		return
	}
	if named != nil {
		if k, ok := d.named(m, named.ID); ok {
			details[module] = object{"name": m.title(k.id), "id": k.text()}
			return
		}
	}
	h := &held{Name: name, Values: map[string]any{}, Created: d.o.now().Unix()}
	for field, v := range values {
		if v != nil && m.hasField(field) {
			h.Values[field] = v
		}
	}
	rec := d.make(m)
	d.touch(rec.key, h)
	details[module] = object{"name": name, "id": rec.text()}
}
