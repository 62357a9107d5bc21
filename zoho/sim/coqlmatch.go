package sim

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// operators are the comparators that each kind of column takes. (Zoho: "Query API".)
func operators(kind string) []string {
	switch kind {
	case kindBoolean:
		return []string{"="}
	case kindText:
		return []string{"=", "!=", "like", "not like", "in", "not in", "is null", "is not null"}
	case kindUser:
		return []string{"=", "!=", "in", "not in", "is null", "is not null"}
	}
	return []string{"=", "!=", ">", ">=", "<", "<=", "between", "in", "not in", "is null", "is not null"}
}

// compile makes of a condition the function that tries records by it.
func (s *search) compile(c *condition) (func(id int64) bool, *answer) {
	if c.left == nil {
		return s.criterion(c)
	}
	left, refused := s.compile(c.left)
	if refused != nil {
		return nil, refused
	}
	right, refused := s.compile(c.right)
	if refused != nil {
		return nil, refused
	}
	if c.or {
		return func(id int64) bool { return left(id) || right(id) }, nil
	}
	return func(id int64) bool { return left(id) && right(id) }, nil
}

func (s *search) criterion(c *condition) (func(id int64) bool, *answer) {
	col, ok := s.m.column(c.column)
	if !ok {
		return nil, queryError(object{"column_name": c.column}, "column given seems to be invalid")
	}
	if !slices.Contains(operators(col.kind), c.operator) {
		return nil, queryError(object{"reason": "invalid operator found", "column_name": c.column, "operator": c.operator}, "Invalid query formed")
	}
	if len(c.values) > maxInValues {
		a := refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", object{"limit": maxInValues, "column_name": c.column, "operator": c.operator},
			"maximum values limit exceeded")
		return nil, &a
	}
	switch c.operator { // no column of ours is ever empty
	case "is null":
		return func(int64) bool { return false }, nil
	case "is not null":
		return func(int64) bool { return true }, nil
	}
	if col.kind == kindText {
		return s.textTest(col, c), nil
	}
	return s.numberTest(col, c)
}

func (s *search) textTest(col column, c *condition) func(id int64) bool {
	bare, not := strings.CutPrefix(c.operator, "not ")
	test := func(text string) bool {
		return slices.ContainsFunc(c.values, func(v string) bool { return strings.EqualFold(v, text) })
	}
	if bare == "like" {
		parts := strings.Split(strings.ToLower(c.values[0]), "%")
		test = func(text string) bool { return like(strings.ToLower(text), parts) }
	}
	not = not || bare == "!="
	return func(id int64) bool { return test(col.text(s.o, key{s.m, id})) != not }
}

// like reports whether text is the parts with anything between them.
func like(text string, parts []string) bool {
	rest, ok := strings.CutPrefix(text, parts[0])
	for _, part := range parts[1:] {
		if !ok {
			return false
		}
		if part == "" {
			continue
		}
		var at int
		if at = strings.Index(rest, part); at < 0 {
			return false
		}
		rest = rest[at+len(part):]
	}
	last := parts[len(parts)-1]
	if len(parts) == 1 {
		return ok && rest == ""
	}
	return ok && (last == "" || strings.HasSuffix(text, last) && len(text) >= len(parts[0])+len(last))
}

func (s *search) numberTest(col column, c *condition) (func(id int64) bool, *answer) {
	values := make([]int64, len(c.values))
	for i, text := range c.values {
		n, ok := col.parse(text)
		if !ok {
			return nil, queryError(object{"column_name": c.column, "expected_data_type": col.kind}, "value given seems to be invalid for the column")
		}
		values[i] = n
	}
	test := compare(c.operator, values)
	if col.kind == kindID {
		return test, nil
	}
	return func(id int64) bool { return test(col.number(s.o, key{s.m, id})) }, nil
}

func compare(operator string, v []int64) func(n int64) bool {
	switch operator {
	case "=":
		return func(n int64) bool { return n == v[0] }
	case "!=":
		return func(n int64) bool { return n != v[0] }
	case ">":
		return func(n int64) bool { return n > v[0] }
	case ">=":
		return func(n int64) bool { return n >= v[0] }
	case "<":
		return func(n int64) bool { return n < v[0] }
	case "<=":
		return func(n int64) bool { return n <= v[0] }
	case "between":
		return func(n int64) bool { return v[0] <= n && n <= v[1] }
	case "not in":
		return func(n int64) bool { return !slices.Contains(v, n) }
	}
	return func(n int64) bool { return slices.Contains(v, n) } // in
}

// parse reads a value of the column's kind. Zoho's pages leave open whether a boolean stands in
// quotes: both are taken.
func (c column) parse(text string) (int64, bool) {
	switch c.kind {
	case kindBoolean:
		switch strings.ToLower(text) {
		case "true":
			return 1, true
		case "false":
			return 0, true
		}
		return 0, false
	case kindTime:
		for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.999Z07:00"} {
			if t, err := time.Parse(layout, text); err == nil {
				return t.Unix(), true
			}
		}
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && digits(text)
}

// rows are the ids that the answer shows, in its order, and whether there are more.
func (s *search) rows() (ids []int64, more bool) {
	byID := len(s.order) == 0 || s.order[0].column == "id"
	desc := byID && len(s.order) > 0 && s.order[0].desc
	for id := range s.matches(desc) {
		ids = append(ids, id)
		if byID && len(ids) > s.offset+s.limit {
			break
		}
	}
	if !byID {
		s.sort(ids)
	}
	ids = ids[min(s.offset, len(ids)):]
	if len(ids) > s.limit {
		return ids[:s.limit], true
	}
	return ids, false
}

func (s *search) sort(ids []int64) {
	columns := make([]column, len(s.order))
	for i, by := range s.order {
		columns[i], _ = s.m.column(by.column) // prepare has found it
	}
	slices.SortStableFunc(ids, func(a, b int64) int {
		for i, by := range s.order {
			d := columns[i].compare(s.o, key{s.m, a}, key{s.m, b})
			if by.desc {
				d = -d
			}
			if d != 0 {
				return d
			}
		}
		return 0
	})
}

func (c column) compare(o *Org, a, b key) int {
	if c.kind == kindText {
		return strings.Compare(strings.ToLower(c.text(o, a)), strings.ToLower(c.text(o, b)))
	}
	return cmp.Compare(c.number(o, a), c.number(o, b))
}

// matches goes through the records that the query keeps, by id.
func (s *search) matches(desc bool) iter.Seq[int64] {
	low, high := s.where.reach()
	ids := s.m.between(low, high, s.where.needsLock())
	return func(yield func(int64) bool) {
		for i := range ids {
			id := ids[i]
			if desc {
				id = ids[len(ids)-1-i]
			}
			if s.keep(id) && !yield(id) {
				return
			}
		}
	}
}

// between are the module's ids from low to high, in order; those of locked records alone where
// that is asked for and there are so few that it spares time.
func (m *module) between(low, high int64, locked bool) []int64 {
	ids := m.ids
	if locked && len(m.locks) < len(ids)/16 {
		ids = slices.Sorted(maps.Keys(m.locks))
	}
	from, _ := slices.BinarySearch(ids, low)
	to, found := slices.BinarySearch(ids, high)
	if found {
		to++
	}
	return ids[from:max(from, to)]
}

// reach is the span of ids outside which no record can match.
func (c *condition) reach() (low, high int64) {
	low, high = 0, math.MaxInt64
	switch {
	case c.left != nil && !c.or:
		low, high = c.left.reach()
		l, h := c.right.reach()
		return max(low, l), min(high, h)
	case c.left != nil, c.column != "id", len(c.values) == 0:
		return low, high
	}
	n, err := strconv.ParseInt(c.values[0], 10, 64)
	if err != nil {
		return low, high
	}
	switch c.operator {
	case "=":
		return n, n
	case ">", ">=":
		return n, high
	case "<", "<=":
		return low, n
	}
	return low, high
}

// needsLock reports whether only locked records can match.
func (c *condition) needsLock() bool {
	switch {
	case c.left == nil:
		return c.column == "Locked__s" && c.operator == "=" && strings.EqualFold(c.values[0], "true")
	case c.or:
		return c.left.needsLock() && c.right.needsLock()
	}
	return c.left.needsLock() || c.right.needsLock()
}
