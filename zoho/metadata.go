package zoho

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// LockingModule is the API name of the hidden module whose records are the locks. It appears once record
// locking is configured for any module.
const LockingModule = "Locking_Information__s"

// Module is what Zoho tells of a module.
type Module struct {
	ID, APIName      string
	Singular, Plural string // as the organisation calls it
	Kind             string // generated_type: default, custom, linking, …
	APISupported     bool
	Viewable         bool
}

// Field is what Zoho tells of a module's field.
type Field struct {
	ID, APIName, Label string
	DataType           string // textarea, picklist, boolean, …
	Length             int    // characters, at most; 0 when unsaid
	ReadOnly           bool
	Custom             bool
	Values             []string // of a picklist
}

// Profile is a set of permissions that users are given.
type Profile struct{ ID, Name string }

// Modules returns the organisation's modules in Zoho's order, hidden ones included. It costs 1 credit and
// needs the scope ZohoCRM.settings.modules.READ. It follows the page "Modules Metadata".
func (c *Client) Modules(ctx context.Context) ([]Module, error) {
	var modules []Module
	k := call{op: OpModules, method: http.MethodGet, path: "/settings/modules", price: 1, most: maxMetadata}
	k.read = func(a *answer) error {
		return eachUnder(a, "modules", func(o object) error {
			m, err := readModule(o)
			modules = append(modules, m)
			return err
		})
	}
	if err := c.do(ctx, k); err != nil {
		return nil, err
	}
	return modules, nil
}

// Module returns one module by its API name. It costs 1 credit and needs the scope
// ZohoCRM.settings.modules.READ. It follows the page "Modules Metadata".
func (c *Client) Module(ctx context.Context, name string) (Module, error) {
	var module Module
	k := call{op: OpModule, record: Record{Module: name}, method: http.MethodGet, path: "/settings/modules/" + name, price: 1, most: maxMetadata}
	if err := checkModule(k); err != nil {
		return Module{}, err
	}
	k.read = func(a *answer) error {
		n := 0
		err := eachUnder(a, "modules", func(o object) (err error) {
			n++
			module, err = readModule(o)
			return err
		})
		if err == nil && n != 1 {
			return fmt.Errorf("the answer holds %d modules where one was asked for", n)
		}
		return err
	}
	if err := c.do(ctx, k); err != nil {
		return Module{}, err
	}
	return module, nil
}

func readModule(o object) (Module, error) {
	m := Module{
		ID: o.text("id"), APIName: o.text("api_name"), Singular: o.text("singular_label"), Plural: o.text("plural_label"),
		Kind: o.text("generated_type"), APISupported: o.yes("api_supported"), Viewable: o.yes("viewable"),
	}
	if m.APIName == "" {
		return m, fmt.Errorf("the answer holds a module without a name")
	}
	return m, nil
}

// Fields returns the fields of a module; those of LockingModule are what a lock says of itself. It costs 1
// credit and needs the scope ZohoCRM.settings.fields.READ. It follows the page "Fields Metadata".
func (c *Client) Fields(ctx context.Context, module string) ([]Field, error) {
	var fields []Field
	k := call{op: OpFields, record: Record{Module: module}, method: http.MethodGet, path: "/settings/fields", price: 1, most: maxMetadata,
		query: url.Values{"module": {module}}.Encode()}
	if err := checkModule(k); err != nil {
		return nil, err
	}
	k.read = func(a *answer) error {
		return eachUnder(a, "fields", func(o object) error {
			f := readField(o)
			fields = append(fields, f)
			if f.APIName == "" {
				return fmt.Errorf("the answer holds a field without a name")
			}
			return nil
		})
	}
	if err := c.do(ctx, k); err != nil {
		return nil, err
	}
	return fields, nil
}

func readField(o object) Field {
	f := Field{
		ID: o.text("id"), APIName: o.text("api_name"), Label: o.text("field_label"), DataType: o.text("data_type"),
		ReadOnly: o.yes("read_only") || o.yes("field_read_only"), Custom: o.yes("custom_field"),
	}
	f.Length, _ = strconv.Atoi(o.text("length")) // unsaid is 0
	values, _ := o.get("pick_list_values").([]any)
	for _, v := range values {
		value, _ := v.(object)
		name := value.text("actual_value")
		if name == "" {
			name = value.text("display_value")
		}
		f.Values = append(f.Values, name)
	}
	return f
}

// Profiles returns the organisation's profiles. It costs 1 credit and needs the scope
// ZohoCRM.settings.profiles.READ. It follows the page "Get Profiles".
func (c *Client) Profiles(ctx context.Context) ([]Profile, error) {
	var profiles []Profile
	k := call{op: OpProfiles, method: http.MethodGet, path: "/settings/profiles", price: 1, most: maxMetadata}
	k.read = func(a *answer) error {
		return eachUnder(a, "profiles", func(o object) error {
			p := Profile{ID: o.text("id"), Name: o.text("name")}
			if p.Name == "" {
				p.Name = o.text("display_label")
			}
			profiles = append(profiles, p)
			if !isID(p.ID) {
				return fmt.Errorf("the answer holds a profile without an id")
			}
			return nil
		})
	}
	if err := c.do(ctx, k); err != nil {
		return nil, err
	}
	return profiles, nil
}

// eachUnder calls f for the objects of a list that the answer holds under key; nothing at all (204) is an
// empty list.
func eachUnder(a *answer, key string, f func(object) error) error {
	if a.status == http.StatusNoContent {
		return nil
	}
	rows, ok := first(a.value).get(key).([]any)
	if !ok {
		return fmt.Errorf("the answer holds no %s", key)
	}
	for _, row := range rows {
		o, _ := row.(object)
		if err := f(o); err != nil {
			return err
		}
	}
	return nil
}

// yes reports whether a key says true.
func (o object) yes(key string) bool {
	yes, _ := o.get(key).(bool)
	return yes
}
