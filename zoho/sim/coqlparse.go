package sim

import (
	"net/http"
	"strconv"
	"strings"
)

// Limits of a query, by Zoho's pages "Query API" and "Query API - Limitations". Those speak of
// 10,000 rows in one place and of 100,000 in another: who keeps to the smaller gets through anyway.
const (
	maxQueryRows    = 2_000
	maxQueryOffset  = 10_000
	maxQueryColumns = 500
	maxCriteria     = 25
	maxInValues     = 50
	maxOrderColumns = 10
	usualQueryRows  = 200
)

// query is a COQL query as it is written: what its names mean is seen to later.
type query struct {
	columns  []selected
	module   string
	where    *condition
	order    []ordering
	limit    int
	offset   int
	criteria int
}

// selected is one column of a query's answer.
type selected struct {
	function string // COUNT, MIN …, in capitals; empty for a plain column
	column   string
	alias    string // as the answer calls it; empty for its own name
}

type ordering struct {
	column string
	desc   bool
}

// condition is one criterion, or two conditions joined by and, or by or.
type condition struct {
	left, right *condition
	or          bool

	column, operator string
	values           []string
}

// queryReader reads tokens. The first thing wrong is kept, and nothing is read after it.
type queryReader struct {
	tokens  []queryToken
	at      int
	query   query
	depth   int // brackets that are open
	refused *answer
}

// parseQuery reads a query, or says what is wrong with the way it is written.
func parseQuery(text string) (*query, *answer) {
	tokens, refused := splitQuery(text)
	if refused != nil {
		return nil, refused
	}
	p := &queryReader{tokens: tokens, query: query{limit: usualQueryRows}}
	p.read()
	if p.refused != nil {
		return nil, p.refused
	}
	return &p.query, nil
}

func (p *queryReader) peek() queryToken { return p.tokens[min(p.at, len(p.tokens)-1)] }

func (p *queryReader) next() queryToken {
	t := p.peek()
	p.at++
	return t
}

func (p *queryReader) refuse(a *answer) {
	if p.refused == nil {
		p.refused = a
	}
}

// take goes past the keyword or sign if it is next.
func (p *queryReader) take(word string) bool {
	t := p.peek()
	if p.refused != nil || !t.is(word) && (t.kind != signToken || t.text != word) {
		return false
	}
	p.at++
	return true
}

// want goes past a keyword or sign that must come next.
func (p *queryReader) want(word string) {
	if p.refused == nil && !p.take(word) {
		p.refuse(p.peek().unexpected())
	}
}

// name reads a name, which may stand in quotes.
func (p *queryReader) name() string {
	t := p.next()
	if t.kind != wordToken && t.kind != textToken || t.text == "" {
		p.refuse(t.unexpected())
	}
	return t.text
}

func (p *queryReader) read() {
	if !p.take("select") {
		p.refuse(syntaxError(object{}, "given coql query not supported"))
		return
	}
	p.columns()
	if p.clause("from"); p.refused != nil {
		return
	}
	p.query.module = p.name()
	if p.clause("where"); p.refused != nil {
		return
	}
	p.query.where = p.condition()
	p.grouping()
	p.ordering()
	p.limit()
	if t := p.peek(); p.refused == nil && t.kind != endToken {
		p.refuse(t.unexpected())
	}
}

// clause goes past the keyword of a clause that no query can do without.
func (p *queryReader) clause(keyword string) {
	t := p.peek()
	switch {
	case p.refused != nil || p.take(keyword):
	case t.kind == endToken, t.is("where"), t.is("order"), t.is("group"), t.is("limit"), t.is("offset"):
		p.refuse(syntaxError(object{"clause": keyword}, "missing clause"))
	default:
		p.refuse(t.unexpected())
	}
}

func (p *queryReader) columns() {
	for {
		p.query.columns = append(p.query.columns, p.selected())
		if p.refused != nil || !p.take(",") {
			return
		}
	}
}

func (p *queryReader) selected() selected {
	if t := p.peek(); t.is("from") {
		p.refuse(t.unexpected())
		return selected{}
	}
	s := selected{column: p.name()}
	if p.take("(") {
		s.function = strings.ToUpper(s.column)
		s.column = p.name()
		p.want(")")
	}
	if p.take("as") {
		t := p.next()
		if t.kind != wordToken && t.kind != textToken {
			p.refuse(t.unexpected())
		}
		if t.text == "" {
			a := refuse(http.StatusBadRequest, "INVALID_ALIAS", object{"column_name": s.column, "alias": ""}, "alias name cannot be an empty string")
			p.refuse(&a)
		}
		s.alias = t.text
	}
	return s
}

// condition reads a criterion, or two joined ones. Zoho wants more than two in brackets by pairs.
func (p *queryReader) condition() *condition {
	left := p.operand()
	or := p.peek().is("or")
	if p.refused != nil || !p.take("and") && !p.take("or") {
		return left
	}
	right := p.operand()
	if t := p.peek(); p.refused == nil && (t.is("and") || t.is("or")) {
		p.refuse(syntaxError(object{"near": t.text}, "error occured while parsing the query"))
	}
	return &condition{left: left, right: right, or: or}
}

func (p *queryReader) operand() *condition {
	if p.refused != nil {
		return nil
	}
	if p.peek().text == "(" && p.depth == 2*maxCriteria {
		p.refuse(p.peek().unexpected())
		return nil
	}
	if p.take("(") {
		p.depth++
		c := p.condition()
		p.depth--
		p.want(")")
		return c
	}
	p.query.criteria++
	c := &condition{column: p.name()}
	p.operator(c)
	return c
}

// operator reads what a criterion compares with.
func (p *queryReader) operator(c *condition) {
	not := p.take("not")
	switch {
	case p.refused != nil:
	case p.take("in"):
		c.operator = "in"
		c.values = p.list()
	case p.take("like"):
		c.operator = "like"
		c.values = []string{p.value()}
	case not:
		p.refuse(syntaxError(object{"operator": "not"}, "operator not supported"))
	case p.take("between"):
		c.operator = "between"
		low := p.value()
		p.want("and")
		c.values = []string{low, p.value()}
	case p.take("is"):
		c.operator = "is null"
		if p.take("not") {
			c.operator = "is not null"
		}
		p.want("null")
	default:
		p.comparison(c)
	}
	if not {
		c.operator = "not " + c.operator
	}
}

func (p *queryReader) comparison(c *condition) {
	switch t := p.next(); {
	case t.kind != signToken:
		p.refuse(t.unexpected())
	case strings.Contains(" = != > >= < <= ", " "+t.text+" "):
		c.operator = t.text
		c.values = []string{p.value()}
	default:
		p.refuse(syntaxError(object{"operator": t.text}, "operator not supported"))
	}
}

func (p *queryReader) value() string {
	t := p.next()
	if t.kind != wordToken && t.kind != textToken {
		p.refuse(t.unexpected())
	}
	return t.text
}

func (p *queryReader) list() []string {
	p.want("(")
	var values []string
	for p.refused == nil {
		values = append(values, p.value())
		if !p.take(",") {
			break
		}
	}
	p.want(")")
	return values
}

// grouping refuses what this organisation cannot do, in the words for a query of another kind.
func (p *queryReader) grouping() {
	if p.peek().is("group") {
		p.refuse(syntaxError(object{}, "given coql query not supported"))
	}
}

func (p *queryReader) ordering() {
	if !p.take("order") {
		return
	}
	p.want("by")
	for p.refused == nil {
		o := ordering{column: p.name()}
		if !p.take("asc") {
			o.desc = p.take("desc")
		}
		p.query.order = append(p.query.order, o)
		if !p.take(",") {
			return
		}
	}
}

// limit reads "limit 200", "limit 400, 200" (the offset first) and "limit 200 offset 400".
func (p *queryReader) limit() {
	if p.take("limit") {
		p.query.limit = p.count("limit")
		if p.take(",") {
			p.query.offset, p.query.limit = p.query.limit, p.count("limit")
		}
	}
	if p.take("offset") {
		p.query.offset = p.count("offset")
	}
}

func (p *queryReader) count(what string) int {
	t := p.next()
	n, err := strconv.Atoi(t.text)
	if t.kind != wordToken || err != nil {
		p.refuse(queryError(object{what: t.text}, what+" given seems to be invalid"))
	}
	return n
}
