package sim

import (
	"encoding/json"
	"net/http"
	"strings"
)

// readQuery reads the query in the body of a call to COQL, once. What it costs hangs on its limit.
func (c *call) readQuery() {
	if c.op != OpQuery || c.refused != nil || c.coql != nil {
		return
	}
	text, meta, refused := readQueryBody(c.body)
	if refused == nil {
		c.coql, refused = parseQuery(text)
	}
	if refused != nil {
		c.refuse(*refused)
		return
	}
	c.module, c.meta = c.coql.module, meta
}

// price is what the call costs in credits. (Zoho: "Query API", credits by LIMIT.)
func (c *call) price() int {
	switch {
	case c.coql == nil || c.coql.limit <= 200:
		return 1
	case c.coql.limit <= 1000:
		return 2
	}
	return 3
}

// readQueryBody takes the query out of a body, and whether metadata of its columns is wanted.
func readQueryBody(body []byte) (text string, meta bool, refused *answer) {
	var doc map[string]json.RawMessage
	if len(body) > maxBody || json.Unmarshal(body, &doc) != nil {
		a := refuse(http.StatusBadRequest, "INVALID_DATA", object{"expected_data_type": "jsonobject"}, "body")
		return "", false, &a
	}
	if raw, ok := doc["select_query"]; !ok || json.Unmarshal(raw, &text) != nil || strings.TrimSpace(text) == "" {
		a := refuse(http.StatusBadRequest, "MANDATORY_NOT_FOUND", object{"api_name": "select_query"}, "mandatory key not found")
		return "", false, &a
	}
	raw, meta := doc["include_meta"]
	if !meta {
		return text, false, nil
	}
	return text, true, checkMeta(raw)
}

func checkMeta(raw json.RawMessage) *answer {
	var list []any
	details := object{"api_name": "include_meta", "json_path": "$.include_meta"}
	if json.Unmarshal(raw, &list) != nil || list == nil {
		details["expected_data_type"] = "jsonarray"
	} else if len(list) == 1 && list[0] == "fields" {
		return nil
	} else {
		details["json_path"], details["supported_values"] = "$.include_meta[0]", []string{"fields"}
	}
	a := refuse(http.StatusBadRequest, "INVALID_DATA", details, "invalid data")
	return &a
}

// runQuery serves COQL; o.mu is held.
func (o *Org) runQuery(c *call) answer {
	if c.readQuery(); c.refused != nil {
		return *c.refused
	}
	if covered(o.stand.PermissionDenied, OpQuery) {
		return noPermission(OpQuery)
	}
	m, ok := o.modules[c.coql.module]
	if !ok {
		return refuse(http.StatusBadRequest, "INVALID_MODULE", object{}, "the given module is not supported in api")
	}
	s := search{o: o, m: m, query: c.coql}
	if refused := s.prepare(); refused != nil {
		return *refused
	}
	if s.aggregate() {
		return s.sumUp()
	}
	return s.answer(c.meta)
}

// search is one query on its way through a module's records.
type search struct {
	o *Org
	m *module
	*query
	shown []column // behind query.columns
	keep  func(id int64) bool
}

// prepare gives the query's names their meaning, or says which has none.
func (s *search) prepare() *answer {
	if refused := s.checkLimits(); refused != nil {
		return refused
	}
	if refused := s.checkColumns(); refused != nil {
		return refused
	}
	seen := map[string]bool{}
	for _, by := range s.order {
		if _, ok := s.m.column(by.column); !ok {
			return queryError(object{"column_name": by.column, "clause": "order by"}, "column given seems to be invalid")
		}
		if seen[by.column] {
			return duplicate(object{"column_name": by.column}, "duplicate order by column")
		}
		seen[by.column] = true
	}
	keep, refused := s.compile(s.where)
	s.keep = keep
	return refused
}

func (s *search) checkLimits() *answer {
	exceeded := func(details object, message string) *answer {
		a := refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", details, message)
		return &a
	}
	switch {
	case s.limit <= 0:
		a := refuse(http.StatusBadRequest, "INVALID_DATA", object{}, "limit should be greater than 0")
		return &a
	case s.offset < 0:
		return queryError(object{"offset": s.offset}, "offset given seems to be invalid")
	case s.limit > maxQueryRows:
		return exceeded(object{"limit": maxQueryRows}, "the given limit exceeds the maximum limit")
	case s.offset+s.limit > maxQueryOffset:
		return exceeded(object{"limit": maxQueryOffset}, "Max records limit exceeded")
	case s.criteria > maxCriteria:
		return exceeded(object{"limit": maxCriteria, "clause": "where"}, "maximum criteria limit exceeded")
	case len(s.columns) > maxQueryColumns:
		return exceeded(object{"limit": maxQueryColumns, "clause": "select"}, "maximum select columns limit exceeded")
	case len(s.order) > maxOrderColumns:
		return exceeded(object{"limit": maxOrderColumns, "clause": "order by"}, "maximum order by columns limit exceeded")
	}
	return nil
}

func duplicate(details object, message string) *answer {
	a := refuse(http.StatusBadRequest, "DUPLICATE_DATA", details, message)
	return &a
}

// checkColumns finds the columns to be shown, and refuses what cannot stand among them.
func (s *search) checkColumns() *answer {
	seen := map[string]selected{}
	plain := false
	for _, wanted := range s.columns {
		c, ok := s.m.column(wanted.column)
		if !ok {
			return queryError(object{"column_name": wanted.column}, "column given seems to be invalid")
		}
		if refused := wanted.checkFunction(c); refused != nil {
			return refused
		}
		if before, twice := seen[wanted.title()]; twice {
			return before.clashes(wanted)
		}
		seen[wanted.title()] = wanted
		plain = plain || wanted.function == ""
		s.shown = append(s.shown, c)
	}
	if plain && s.aggregate() {
		return queryError(object{}, "Invalid query formed")
	}
	return nil
}

// title is what the answer calls the column.
func (w selected) title() string {
	switch {
	case w.alias != "":
		return w.alias
	case w.function != "":
		return w.function + "(" + w.column + ")"
	}
	return w.column
}

func (w selected) clashes(other selected) *answer {
	switch {
	case w.alias == "" && other.alias == "" && w.function != "":
		return duplicate(object{"column_name": w.column, "aggregate": w.function}, "duplicate aggregate function")
	case w.alias == "" && other.alias == "":
		return duplicate(object{"column_name": w.column}, "duplicate select column")
	case w.alias == "" || other.alias == "":
		return queryError(object{"column_name": w.column, "alias": w.title()},
			"column name or property name given in select columns without alias name cannot be an alias name for other select columns")
	}
	a := refuse(http.StatusBadRequest, "DUPLICATE_ALIAS",
		object{"referred_columns": []string{w.column, other.column}, "alias": w.alias}, "same alias cannot refer more than one column")
	return &a
}

func (w selected) checkFunction(c column) *answer {
	switch {
	case w.function == "", w.function == "COUNT":
		return nil
	case w.function == "MIN" || w.function == "MAX":
		if c.kind == kindID || c.kind == kindTime {
			return nil
		}
	case w.function != "SUM" && w.function != "AVG":
		a := refuse(http.StatusBadRequest, "INVALID_DATA",
			object{"reason": "unsupported aggregate function", "column": w.function + "(" + w.column + ")"}, "invalid data")
		return &a
	}
	return queryError(object{"column_name": w.column, "data_type": c.kind}, "data type not supported")
}

func (s *search) aggregate() bool {
	for _, c := range s.columns {
		if c.function != "" {
			return true
		}
	}
	return false
}

// answer shows the rows that the query asks for.
func (s *search) answer(meta bool) answer {
	ids, more := s.rows()
	if len(ids) == 0 {
		return nothing()
	}
	data := make([]object, len(ids))
	for i, id := range ids {
		k := key{s.m, id}
		row := object{"id": k.text()}
		for j, wanted := range s.columns {
			row[wanted.title()] = s.shown[j].plain(s.o, k)
		}
		data[i] = row
	}
	doc := object{"data": data, "info": object{"count": len(data), "more_records": more}}
	if meta {
		doc["fields"] = s.metadata()
	}
	return shown(doc)
}

func (s *search) metadata() object {
	fields, all := object{}, s.m.catalogue()
	for _, c := range s.shown {
		fields[c.name] = c.describe(s.m.fieldID(fieldNamed(all, c.name)))
	}
	return fields
}

// sumUp answers a query of COUNT, MIN and MAX, which is one row.
func (s *search) sumUp() answer {
	n := 0
	least, most := make([]int64, len(s.shown)), make([]int64, len(s.shown))
	for id := range s.matches(false) {
		for i, c := range s.shown {
			if c.kind == kindText {
				continue
			}
			v := c.number(s.o, key{s.m, id})
			if n == 0 {
				least[i], most[i] = v, v
			}
			least[i], most[i] = min(least[i], v), max(most[i], v)
		}
		n++
	}
	row := object{}
	for i, wanted := range s.columns {
		switch wanted.function {
		case "COUNT":
			row[wanted.title()] = n
		case "MIN":
			row[wanted.title()] = s.shown[i].bound(least[i], n)
		case "MAX":
			row[wanted.title()] = s.shown[i].bound(most[i], n)
		}
	}
	return shown(object{"data": []object{row}, "info": object{"count": 1, "more_records": false}})
}

// bound is the least or most of n values; of none there is none.
func (c column) bound(v int64, n int) any {
	if n == 0 {
		return nil
	}
	return column{kind: c.kind, number: func(*Org, key) int64 { return v }}.plain(nil, key{})
}
