package sim

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// maxByToken is how many records of one listing page tokens lead to.
const maxByToken = 100_000

// listing is one page of Get Records. (Zoho: "Get Records".)
type listing struct {
	m     *module
	size  int
	page  int
	by    string // id, Created_Time or Modified_Time
	asc   bool
	token *pageToken
	bound uint64 // what a page token is bound to
}

// pageToken leads to the next page of a listing. It holds for a day, and for the same parameters.
type pageToken struct {
	Shown int    `json:"n"` // records shown so far
	Page  int    `json:"p"` // pages shown so far
	Ends  int64  `json:"x"` // unix seconds
	Bound uint64 `json:"b"`
}

// listRecords serves a page of the module's records; o.mu is held.
func (o *Org) listRecords(m *module, c *call, fields string) answer {
	l, refused := o.readListing(m, c)
	if refused != nil {
		return *refused
	}
	if c.query.Get("approved") == "false" {
		return nothing() // there are none
	}
	before := (l.page - 1) * l.size
	if l.token != nil {
		before = l.token.Shown
	}
	ids, more := o.pageOf(l, c, before)
	if len(ids) == 0 {
		return nothing()
	}
	rows := o.present(m, ids, fields)
	info := object{
		"per_page": l.size, "count": len(rows), "page": l.page, "more_records": more, "sort_by": l.by, "sort_order": l.direction(),
		"next_page_token": nil, "previous_page_token": nil, "page_token_expiry": nil,
	}
	if more {
		ends := o.now().Unix() + day
		info["next_page_token"] = o.seal(pageToken{Shown: before + len(ids), Page: l.page, Ends: ends, Bound: l.bound})
		info["page_token_expiry"] = clock(ends)
	}
	return shown(object{"data": rows, "info": info})
}

func (l listing) direction() string {
	if l.asc {
		return "asc"
	}
	return "desc"
}

// readListing reads the parameters of a page.
func (o *Org) readListing(m *module, c *call) (listing, *answer) {
	q := c.query
	l := listing{m: m, size: number(q.Get("per_page"), maxPerPage), page: number(q.Get("page"), 1), by: q.Get("sort_by"), asc: q.Get("sort_order") == "asc"}
	if l.size > maxPerPage {
		a := tooMany("per_page", maxPerPage)
		return l, &a
	}
	if l.by == "" {
		l.by = "id"
	}
	for name, words := range map[string][]string{
		"sort_by": {"id", "Created_Time", "Modified_Time"}, "sort_order": {"asc", "desc"},
		"converted": {"true", "false", "both"}, "approved": {"true", "false", "both"},
	} {
		if got := q.Get(name); q.Has(name) && !slices.Contains(words, got) {
			a := refuse(http.StatusBadRequest, "INVALID_DATA", object{"param_name": name, "supported_values": words}, "invalid data")
			return l, &a
		}
	}
	bound := maps.Clone(q)
	bound.Del("page_token")
	bound.Del("page")
	l.bound = hash(m.name + "?" + bound.Encode())
	return l, o.readPlace(q, &l)
}

// readPlace reads which page it is, by number or by token.
func (o *Org) readPlace(q url.Values, l *listing) *answer {
	text := q.Get("page_token")
	var a answer
	switch {
	case text == "" && l.page > maxPaged/l.size:
		a = refuse(http.StatusBadRequest, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", object{"limit": maxPaged},
			"You can only get the first 2000 records without using page_token param.")
	case text == "":
		return nil
	case q.Has("page"):
		a = refuse(http.StatusBadRequest, "AMBIGUITY_DURING_PROCESSING", object{"param_names": []string{"page", "page_token"}},
			"You cannot use both page and page_token.")
	default:
		t, ok := o.unseal(text)
		switch {
		case !ok || t.Bound != l.bound:
			a = refuse(http.StatusBadRequest, "TOKEN_BOUND_DATA_MISMATCH", object{"param_name": "page_token"},
				"The page_token given seems to be invalid or input param is added or altered or deleted")
		case o.now().Unix() >= t.Ends:
			a = refuse(http.StatusBadRequest, "EXPIRED_VALUE", object{"api_name": "page_token", "json_path": "$.query.page_token"}, "Page token expired")
		case t.Shown+l.size > maxByToken:
			a = refuse(http.StatusBadRequest, "PAGINATION_LIMIT_EXCEEDED", object{"limit": maxByToken},
				"You can only get up to first 100000 records using page_token param.")
		default:
			l.token, l.page = &t, t.Page+1
			return nil
		}
	}
	return &a
}

// pageOf are the ids of a page, and whether there are more behind it.
func (o *Org) pageOf(l listing, c *call, before int) (ids []int64, more bool) {
	all := l.m.ids
	if len(l.m.converted) > 0 || c.query.Get("converted") == "true" {
		all = slices.DeleteFunc(slices.Clone(all), func(id int64) bool { return !l.m.listed(id, c) })
	}
	if l.by != "id" {
		all = o.byTime(l, all)
	}
	total := len(all)
	for i := before; i < min(before+l.size, total); i++ {
		if l.asc {
			ids = append(ids, all[i])
		} else {
			ids = append(ids, all[total-1-i])
		}
	}
	return ids, before+l.size < total
}

// byTime are the ids in the order of one of their records' times.
func (o *Org) byTime(l listing, ids []int64) []int64 {
	at := o.created
	if l.by == "Modified_Time" {
		at = o.modified
	}
	return slices.SortedStableFunc(slices.Values(ids), func(a, b int64) int {
		return cmp.Compare(at(key{l.m, a}), at(key{l.m, b}))
	})
}

// seal writes a page token so that an altered one is known.
func (o *Org) seal(t pageToken) string {
	text := encode(t)
	sum := strconv.FormatUint(mix(hash(string(text))^o.cfg.Seed), 16)
	return base64.RawURLEncoding.EncodeToString(append(text, sum...))
}

func (o *Org) unseal(text string) (t pageToken, ok bool) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.NewDecoder(bytes.NewReader(data)).Decode(&t) != nil {
		return t, false
	}
	return t, o.seal(t) == text
}

// oneRecord serves a record with all its fields.
func (o *Org) oneRecord(c *call) answer {
	m, ok := o.modules[c.module]
	if !ok {
		return badModule(at(0))
	}
	if covered(o.stand.PermissionDenied, c.op) {
		return noPermission(c.op)
	}
	_, id, ok := o.find(c.module, c.id)
	if !ok {
		return refuse(http.StatusBadRequest, "INVALID_DATA", at(1), "the id given seems to be invalid")
	}
	if fields := c.query.Get("fields"); fields != "" {
		return shown(object{"data": o.present(m, []int64{id}, fields)})
	}
	k := key{m, id}
	row := object{}
	for _, col := range m.catalogue() {
		row[col.name] = col.shown(o, k)
	}
	if m.Locking != Unsupported {
		row["$locked_for_me"] = o.lockedForMe(k)
	}
	return shown(object{"data": []object{row}})
}
