package zoho

import (
	"context"
	"fmt"
)

// CountMost is how many locked records CountLocked can tell apart from more.
const CountMost = MaxQueryRows

// CountLocked returns how many records of a module are locked now, up to CountMost; more says that there
// are others. It costs 3 credits and needs the scopes ZohoCRM.coql.READ and one to read the module. It
// follows the page "Query API".
func (c *Client) CountLocked(ctx context.Context, module string) (n int, more bool, err error) {
	query := fmt.Sprintf("select id from %s where Locked__s = true limit 0, %d", module, CountMost)
	k, err := LockedQuery{Module: module, Limit: CountMost}.call(OpCount, query)
	if err != nil {
		return 0, false, err
	}
	k.read = func(a *answer) error {
		n = 0
		more = first(a.value).object("info").yes("more_records")
		return eachUnder(a, "data", func(object) error { n++; return nil })
	}
	if err := c.do(ctx, k); err != nil {
		return 0, false, err
	}
	return n, more, nil
}
