package sim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Limits of Get Records.
const (
	maxFields  = 50
	maxIDs     = 100
	maxPerPage = 200
	maxPaged   = 2000
)

// records serves Get Records: the records named by ids, or a page of the
// module, newest id first as Zoho has it. Unknown ids are simply absent.
func (o *Org) records(c *call) answer {
	m, ok := o.modules[c.module]
	if !ok {
		return badModule(at(0))
	}
	if covered(o.stand.PermissionDenied, c.op) {
		return noPermission(c.op)
	}
	fields := c.query.Get("fields")
	if fields == "" {
		return missingParam("fields")
	}
	if strings.Count(fields, ",") >= maxFields {
		return tooMany("fields", maxFields)
	}
	if c.query.Has("ids") {
		return o.recordsByID(m, c)
	}
	return o.listRecords(m, c, fields)
}

func tooMany(param string, limit int) answer {
	return refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", object{"limit": limit, "param_name": param},
		"the given param value exceeds the allowed limit")
}

func (o *Org) recordsByID(m *module, c *call) answer {
	asked := strings.Split(c.query.Get("ids"), ",")
	if len(asked) > o.cfg.MaxIDs {
		return tooMany("ids", o.cfg.MaxIDs)
	}
	var ids []int64
	for _, text := range asked {
		text = strings.TrimSpace(text)
		if !digits(text) {
			return refuse(http.StatusBadRequest, "INVALID_DATA", object{"param_name": "ids"}, "the id given seems to be invalid")
		}
		if id, err := strconv.ParseInt(text, 10, 64); err == nil && m.has(id) && m.listed(id, c) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	slices.Reverse(ids)
	if len(ids) == 0 {
		return nothing()
	}
	rows := o.present(m, ids, c.query.Get("fields"))
	return shown(object{"data": rows, "info": object{
		"per_page": maxPerPage, "count": len(rows), "page": 1, "more_records": false,
		"next_page_token": nil, "previous_page_token": nil, "page_token_expiry": nil, "sort_by": "id", "sort_order": "desc",
	}})
}

// listed reports whether a record is one that Get Records shows: converted leads are left out unless the
// call asks for them.
func (m *module) listed(id int64, c *call) bool {
	switch c.query.Get("converted") {
	case "both":
		return true
	case "true":
		return m.converted[id]
	}
	return !m.converted[id]
}

// number reads a positive number; anything else is the default.
func number(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return n
	}
	return otherwise
}
