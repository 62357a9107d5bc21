package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxWritten is the most records that one call creates or updates.
const maxWritten = 100

// recordRow is one record of a body, and where it stands there.
type recordRow struct {
	path   string
	values map[string]any
}

// readRows reads the records of a body's data.
func readRows(body []byte) ([]recordRow, *answer) {
	var doc struct {
		Data []map[string]any `json:"data"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var a answer
	switch err := d.Decode(&doc); {
	case err != nil || len(body) > maxBody:
		a = refuse(http.StatusBadRequest, "INVALID_DATA", object{"expected_data_type": "jsonobject"}, "body")
	case len(doc.Data) == 0:
		a = refuse(http.StatusBadRequest, "MANDATORY_NOT_FOUND", object{"api_name": "data", "json_path": "$.data"}, "required field not found")
	case len(doc.Data) > maxWritten:
		a = refuseRow("LIMIT_EXCEEDED", object{"maximum_length": maxWritten, "api_name": "data"}, "count of records in your request exceeds the limit")
	default:
		rows := make([]recordRow, len(doc.Data))
		for i, values := range doc.Data {
			rows[i] = recordRow{fmt.Sprintf("$.data[%d]", i), values}
		}
		return rows, nil
	}
	return nil, &a
}

func (r recordRow) wrong(code, key, message string, more object) *envelope {
	details := object{"api_name": key, "json_path": r.path + "." + key}
	maps.Copy(details, more)
	return &envelope{code, details, message, "error"}
}

// write puts the row's values into h, which is fresh for a new record. Keys that
// are no field that the API writes are passed over.
func (o *Org) write(m *module, r recordRow, h *held, fresh bool) *envelope {
	all := m.catalogue()
	for _, key := range slices.Sorted(maps.Keys(r.values)) {
		v, at := r.values[key], fieldNamed(all, key)
		switch {
		case key == "Owner":
			id := idOf(v)
			if o.userWith(id).Name == "" {
				return r.wrong("INVALID_DATA", key, "invalid data", object{"expected_data_type": "jsonobject"})
			}
			h.Owner = id
		case at < 0 || all[at].ours():
		case v == nil:
			delete(h.Values, key)
		default:
			if fault := all[at].faultIn(v); fault != nil {
				return r.wrong("INVALID_DATA", key, "invalid data", fault)
			}
			h.Values[key] = v
		}
	}
	must := mandatoryField(m.name)
	if name := m.nameIn(h.Values); name != "" {
		h.Name = name
	} else if _, given := r.values[must]; given || fresh {
		return r.wrong("MANDATORY_NOT_FOUND", must, "required field not found", nil)
	}
	return nil
}

// mandatoryField is the field that no record of the module may be without.
func mandatoryField(module string) string {
	if module == "Leads" || module == "Contacts" {
		return "Last_Name"
	}
	return nameField(module)
}

// faultIn says what the field's value ought to be; nil where it is that.
func (c column) faultIn(v any) object {
	kind := ""
	switch sort := c.sort(); {
	case c.name == "Tag", c.kind == "multiselectpicklist":
		if _, ok := v.([]any); !ok {
			kind = "jsonarray"
		}
	case sort == textual:
		text, ok := v.(string)
		if ok && utf8.RuneCountInString(text) > c.length() {
			return object{"maximum_length": c.length()}
		}
		if !ok {
			kind = "text"
		}
	case sort == numeric:
		kind = numberFault(c.kind, v)
	case sort == binary:
		if _, ok := v.(bool); !ok {
			kind = "boolean"
		}
	case sort == personal:
		if idOf(v) == "" {
			kind = "jsonobject"
		}
	case sort == dated, sort == timed:
		kind = timeFault(sort, v)
	}
	if kind == "" {
		return nil
	}
	return object{"expected_data_type": kind}
}

func numberFault(kind string, v any) string {
	n, ok := v.(json.Number)
	if kind != "integer" {
		kind = "double"
	}
	if _, err := strconv.ParseInt(n.String(), 10, 64); !ok || kind == "integer" && err != nil {
		return kind
	}
	return ""
}

func timeFault(sort kind, v any) string {
	text, _ := v.(string)
	layout, kind := time.DateOnly, "date"
	if sort == timed {
		layout, kind = time.RFC3339, "datetime"
	}
	if _, err := time.Parse(layout, text); err != nil {
		return kind
	}
	return ""
}

// idIn is the id that the row gives its record.
func (r recordRow) idIn() string { return strings.TrimSpace(fmt.Sprint(r.values["id"])) }
