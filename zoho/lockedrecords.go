package zoho

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

const (
	// MaxQueryRows is how many records one query may return.
	MaxQueryRows = 2000
	// MaxPageRows is how many records one page of Get Records holds.
	MaxPageRows = 200
)

// QueryPrice is what a query of up to limit rows costs, in credits. It follows the page "Query API".
func QueryPrice(limit int) int {
	switch {
	case limit <= 200:
		return 1
	case limit <= 1000:
		return 2
	}
	return 3
}

// LockedQuery asks for the locked records of a module in the order of their ids, by COQL.
type LockedQuery struct {
	Module string // API name
	After  string // the record id after which the answer begins; "" from the first
	Limit  int    // rows, 1 to MaxQueryRows; what the call costs hangs on it, see QueryPrice
	Quoted bool   // values in quotes: Zoho's pages show queries with them and without
}

func (q LockedQuery) where() string {
	value := func(text string) string {
		if q.Quoted {
			return "'" + text + "'"
		}
		return text
	}
	where := "Locked__s = " + value("true")
	if q.After != "" {
		where += " and id > " + value(q.After)
	}
	return where
}

func (q LockedQuery) call(op, query string) (call, error) {
	k := call{op: op, record: Record{Module: q.Module}, method: http.MethodPost, path: "/coql", price: QueryPrice(q.Limit), most: maxMetadata}
	if err := checkModule(k); err != nil {
		return k, err
	}
	switch {
	case q.After != "" && !isID(q.After):
		return k, refuseHere(k, RequestRefused, "a record id is not 1 to 19 digits")
	case q.Limit < 1 || q.Limit > MaxQueryRows:
		return k, refuseHere(k, RequestRefused, fmt.Sprintf("%d rows: a query returns 1 to %d", q.Limit, MaxQueryRows))
	}
	body, err := json.Marshal(map[string]string{"select_query": query})
	if err != nil { // cannot be: a string always has a JSON form
		return k, refuseHere(k, RequestRefused, err.Error())
	}
	k.body = body
	return k, nil
}

// TotalLocked returns how many records of a module are locked now; After and Limit have no say. It costs 1
// credit and needs the scopes ZohoCRM.coql.READ and one to read the module. It follows the page "Query API",
// aggregate functions.
func (c *Client) TotalLocked(ctx context.Context, q LockedQuery) (int64, error) {
	q.After, q.Limit = "", 1
	k, err := q.call(OpLockedTotal, "select COUNT(id) as total from "+q.Module+" where "+q.where()+" limit 1")
	if err != nil {
		return 0, err
	}
	var total int64
	k.read = func(a *answer) (err error) {
		if a.status == http.StatusNoContent {
			return nil
		}
		rows, _ := first(a.value).get("data").([]any)
		if len(rows) != 1 {
			return errors.New("the answer is not one figure")
		}
		total, err = strconv.ParseInt(first(rows).text("total"), 10, 64)
		if err != nil || total < 0 {
			return errors.New("the answer holds no figure")
		}
		return nil
	}
	if err := c.do(ctx, k); err != nil {
		return 0, err
	}
	return total, nil
}

// LockedRecords returns the ids of the locked records that a query asks for, in ascending order, and whether
// there are more behind them. It costs QueryPrice(q.Limit) credits and needs the scopes ZohoCRM.coql.READ and
// one to read the module. It follows the page "Query API": offsets end at a cap, so the next page is asked for
// with the last id as After. An answer out of order is not believed.
func (c *Client) LockedRecords(ctx context.Context, q LockedQuery) (ids []string, more bool, err error) {
	k, err := q.call(OpLockedRecords, fmt.Sprintf("select id from %s where %s order by id asc limit %d", q.Module, q.where(), q.Limit))
	if err != nil {
		return nil, false, err
	}
	k.read = func(a *answer) error {
		ids = nil
		last := q.After
		err := eachUnder(a, "data", func(o object) error {
			id := o.text("id")
			if !isID(id) || !lessID(last, id) {
				return errors.New("the answer is not in the order of the records' ids")
			}
			last = id
			ids = append(ids, id)
			return nil
		})
		said, ok := first(a.value).object("info").get("more_records").(bool)
		more = said || !ok && len(ids) == q.Limit
		return err
	}
	if err := c.do(ctx, k); err != nil {
		return nil, false, err
	}
	return ids, more && len(ids) > 0, nil
}

// lessID compares ids as numbers; "" comes before all.
func lessID(a, b string) bool {
	a, b = plainID(a), plainID(b)
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// RecordsPage is one page of a module's records.
type RecordsPage struct {
	IDs    []string
	States []LockState // of each record, never StateAbsent
	Next   string      // leads to the next page; "" where this is the last
}

// Records returns up to MaxPageRows records of a module and whether each is locked; token is Next of the page
// before, "" for the first. It costs 1 credit. It follows the page "Get Records", where tokens lead to the
// first 100,000 records: beyond, the error has the code PAGINATION_LIMIT_EXCEEDED. Converted leads are
// among them.
func (c *Client) Records(ctx context.Context, module, token string) (RecordsPage, error) {
	k := recordsCall(OpRecords, module, "id,Locked__s")
	if err := checkModule(k); err != nil {
		return RecordsPage{}, err
	}
	k.query += "&per_page=" + strconv.Itoa(MaxPageRows)
	if token != "" {
		k.query += "&page_token=" + url.QueryEscape(token)
	}
	var page RecordsPage
	k.read = func(a *answer) (err error) {
		page, err = readRecords(a)
		return err
	}
	if err := c.do(ctx, k); err != nil {
		return RecordsPage{}, err
	}
	return page, nil
}

func readRecords(a *answer) (page RecordsPage, err error) {
	err = eachUnder(a, "data", func(o object) error {
		id := o.text("id")
		if !isID(id) {
			return errors.New("the answer holds a record without an id")
		}
		page.IDs, page.States = append(page.IDs, id), append(page.States, stateOf(o))
		return nil
	})
	info := first(a.value).object("info")
	if info.yes("more_records") {
		if page.Next = info.text("next_page_token"); page.Next == "" && err == nil {
			err = errors.New("the answer says that more records follow, and not how to get there")
		}
	}
	return page, err
}
