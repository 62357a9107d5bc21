package zoho

import (
	"context"
	"errors"
	"net/http"
)

// CurrentUser returns the signed-in user. It costs 1 credit and needs the scope ZohoCRM.users.READ. It
// follows the page "Get Users", type CurrentUser.
func (c *Client) CurrentUser(ctx context.Context) (User, error) {
	var me User
	k := call{op: OpCurrentUser, method: http.MethodGet, path: "/users", query: "type=CurrentUser", price: 1}
	k.read = func(a *answer) error {
		rows, _ := first(a.value).get("users").([]any)
		o := first(rows)
		me = User{ID: o.text("id"), Name: o.text("full_name")}
		if len(rows) != 1 || !isID(me.ID) {
			return errors.New("the answer does not name one user")
		}
		return nil
	}
	if err := c.do(ctx, k); err != nil {
		return User{}, err
	}
	return me, nil
}
