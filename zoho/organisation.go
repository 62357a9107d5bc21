package zoho

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// Organisation says which organisation a sign-in leads to.
type Organisation struct {
	ID      string // of its record, 15 to 19 digits
	Number  string // zgid: as it stands in the addresses of Zoho CRM (crm.zoho.com/crm/org60012345); "" when not told
	Name    string
	Edition string // license_details.paid_type in lower case, such as "enterprise"; "" when not told
}

// Organisation returns the organisation that the sign-in leads to. It costs 1 credit and needs the scope
// ZohoCRM.org.READ. It follows the page "Get Organization Data".
func (c *Client) Organisation(ctx context.Context) (Organisation, error) {
	var org Organisation
	k := call{op: OpOrganisation, method: http.MethodGet, path: "/org", price: 1}
	k.read = func(a *answer) error {
		rows, _ := first(a.value).get("org").([]any)
		o := first(rows)
		org = Organisation{
			ID: o.text("id"), Number: o.text("zgid"), Name: strings.TrimSpace(o.text("company_name")),
			Edition: strings.ToLower(o.object("license_details").text("paid_type")),
		}
		if len(rows) != 1 || !isID(org.ID) || org.Number != "" && !isDigits(org.Number) {
			return errors.New("the answer does not name one organisation")
		}
		return nil
	}
	if err := c.do(ctx, k); err != nil {
		return Organisation{}, err
	}
	return org, nil
}

// Answers reports whether text names the organisation: by its id, its number (also as org60012345), or
// its name without regard to case and blanks around it.
func (o Organisation) Answers(text string) bool {
	text = strings.TrimSpace(text)
	number := strings.TrimPrefix(strings.ToLower(text), "org")
	switch {
	case text == "":
		return false
	case text == o.ID, o.Number != "" && number == o.Number:
		return true
	}
	return o.Name != "" && strings.EqualFold(text, o.Name)
}

// Same reports whether both are one organisation, by whichever of their ids both know.
func (o Organisation) Same(other Organisation) bool {
	if o.ID != "" && other.ID != "" {
		return o.ID == other.ID
	}
	return o.Number != "" && o.Number == other.Number
}
