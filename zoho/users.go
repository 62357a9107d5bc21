package zoho

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// Person is a user with the profile that says what they may do.
type Person struct {
	User
	Profile Ref    // zero where Zoho does not say
	Status  string // "active" as a rule, in lower case; "" where Zoho does not say
}

// CurrentUser returns the signed-in user. It costs 1 credit and needs the scope ZohoCRM.users.READ. It
// follows the page "Get Users", type CurrentUser.
func (c *Client) CurrentUser(ctx context.Context) (User, error) {
	me, err := c.CurrentPerson(ctx)
	return me.User, err
}

// CurrentPerson is CurrentUser with the user's profile: one and the same call.
func (c *Client) CurrentPerson(ctx context.Context) (Person, error) {
	var me Person
	k := call{op: OpCurrentUser, method: http.MethodGet, path: "/users", query: "type=CurrentUser", price: 1}
	k.read = func(a *answer) error {
		rows, _ := first(a.value).get("users").([]any)
		o := first(rows)
		profile := o.object("profile")
		me = Person{
			User:    User{ID: o.text("id"), Name: o.text("full_name")},
			Profile: Ref{ID: profile.text("id"), Name: profile.text("name")}, Status: strings.ToLower(o.text("status")),
		}
		if len(rows) != 1 || !isID(me.ID) {
			return errors.New("the answer does not name one user")
		}
		return nil
	}
	if err := c.do(ctx, k); err != nil {
		return Person{}, err
	}
	return me, nil
}
