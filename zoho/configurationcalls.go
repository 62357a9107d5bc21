package zoho

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

const configurationsPath = "/settings/record_locking_configurations"

// GetConfiguration returns the record locking configuration of a module, or nil, nil when it has none. It
// costs 1 credit, needs the scope ZohoCRM.settings.record_locking_configurations.READ and, in Zoho CRM,
// the permission to customize it: without that the Error is of kind NoPermission. It follows the page "Get
// Record Locking Configuration".
func (c *Client) GetConfiguration(ctx context.Context, module string) (*Configuration, error) {
	var found *Configuration
	k := call{op: OpGetConfiguration, method: http.MethodGet, path: configurationsPath, price: 1}
	k.read = func(a *answer) (err error) {
		found, err = readConfiguration(a)
		return err
	}
	if err := c.doConfiguration(ctx, k, module); err != nil {
		return nil, err
	}
	return found, nil
}

// CreateConfiguration gives a module that has none a record locking configuration, and returns its id. It
// costs 1 credit and needs the scope ZohoCRM.settings.record_locking_configurations.CREATE. What Zoho
// refuses of it is named in the Error's Keys. It follows the page "Add Record Locking Configuration".
func (c *Client) CreateConfiguration(ctx context.Context, module string, want Configuration) (id string, err error) {
	k := call{op: OpCreateConfiguration, method: http.MethodPost, path: configurationsPath, price: 1}
	return c.sendConfiguration(ctx, k, module, want)
}

// UpdateConfiguration changes the record locking configuration of a module. Rules with an id are
// changed, those without are added, those with Delete are taken away, and those not named stay. The
// configuration named by want.ID is the one that changes; without it, the module's. It costs 1 credit and
// needs the scope ZohoCRM.settings.record_locking_configurations.UPDATE. It follows the page "Update Record
// Locking Configuration".
func (c *Client) UpdateConfiguration(ctx context.Context, module string, want Configuration) (id string, err error) {
	k := call{op: OpUpdateConfiguration, method: http.MethodPut, path: configurationsPath, price: 1}
	if want.ID != "" {
		if !isID(want.ID) {
			return "", refuseHere(k, RequestRefused, "the configuration's id is not 1 to 19 digits")
		}
		k.path += "/" + want.ID
	}
	return c.sendConfiguration(ctx, k, module, want)
}

// DeleteConfiguration takes a module's record locking configuration away. It costs 1 credit and needs the
// scope ZohoCRM.settings.record_locking_configurations.DELETE. It follows the page "Delete Record Locking
// Configuration".
func (c *Client) DeleteConfiguration(ctx context.Context, module, id string) error {
	k := call{op: OpDeleteConfiguration, method: http.MethodDelete, path: configurationsPath + "/" + id, price: 1}
	if !isID(id) {
		return refuseHere(k, RequestRefused, "the configuration's id is not 1 to 19 digits")
	}
	k.read = func(a *answer) error {
		gone, err := confirmedConfiguration(a)
		if err == nil && !sameID(gone, id) {
			return errors.New("the answer is about another configuration")
		}
		return err
	}
	return c.doConfiguration(ctx, k, module)
}

func (c *Client) sendConfiguration(ctx context.Context, k call, module string, want Configuration) (id string, err error) {
	if k.body, err = want.requestBody(); err != nil {
		return "", refuseHere(k, RequestRefused, fmt.Sprintf("the configuration has no JSON form: %v", err))
	}
	k.read = func(a *answer) (err error) {
		id, err = confirmedConfiguration(a)
		if err == nil && want.ID != "" && k.op == OpUpdateConfiguration && !sameID(id, want.ID) {
			return errors.New("the answer is about another configuration")
		}
		return err
	}
	if err := c.doConfiguration(ctx, k, module); err != nil {
		return "", err
	}
	return id, nil
}

// doConfiguration names the module and makes the call.
func (c *Client) doConfiguration(ctx context.Context, k call, module string) error {
	k.record = Record{Module: module}
	if err := checkModule(k); err != nil {
		return err
	}
	k.query = url.Values{"module": {module}}.Encode()
	return c.do(ctx, k)
}

// confirmedConfiguration returns the id of a configuration of which the answer says that it was changed.
func confirmedConfiguration(a *answer) (id string, err error) {
	details, err := confirmedUnder(a, configurationsKey)
	if err != nil {
		return "", err
	}
	if id = details.text("id"); !isID(id) {
		return "", errors.New("the answer names no configuration")
	}
	return id, nil
}
