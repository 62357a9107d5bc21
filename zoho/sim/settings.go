package sim

import (
	"strings"
)

// listModules serves the modules' metadata, and with feature_name only those that can be locked.
func (o *Org) listModules(c *call) answer {
	only := c.query.Get("feature_name") != ""
	var list []object
	for _, m := range o.sortedModules() {
		if only && m.Locking == Unsupported {
			continue
		}
		list = append(list, m.metadata())
	}
	if !only && o.lockingAnywhere() {
		list = append(list, lockingModule())
	}
	if len(list) == 0 {
		return nothing()
	}
	return shown(object{"modules": list})
}

func (m *module) metadata() object {
	plural, kind := strings.ReplaceAll(m.name, "_", " "), "default"
	if m.Custom {
		kind = "custom"
	}
	return object{
		"id": m.number(moduleIDs), "api_name": m.name, "module_name": m.name, "plural_label": plural,
		"singular_label": strings.TrimSuffix(plural, "s"), "generated_type": kind,
		"api_supported": true, "viewable": true, "creatable": true, "editable": true, "deletable": true,
	}
}

// lockingModule is the hidden module that appears once locking is configured anywhere.
func lockingModule() object {
	return object{
		"id": "5843104000000001999", "api_name": lockingName, "module_name": "LockingInformation",
		"plural_label": "Locking Information", "singular_label": "Locking Information", "generated_type": "default",
		"api_supported": true, "viewable": false, "creatable": false, "editable": false, "deletable": false,
	}
}

// users serves the caller for type=CurrentUser, and otherwise everybody.
func (o *Org) users(c *call) answer {
	list := []object{o.describeUser(o.cfg.Me)}
	if kind := c.query.Get("type"); kind != "CurrentUser" && o.cfg.Me != Patricia() {
		list = append(list, o.describeUser(Patricia()))
	}
	return shown(object{"users": list, "info": object{
		"per_page": 200, "count": len(list), "page": 1, "more_records": false,
	}})
}

func (o *Org) describeUser(u User) object {
	first, last, ok := strings.Cut(u.Name, " ")
	if !ok {
		first, last = "", u.Name
	}
	profile := o.cfg.Profiles[0]
	if u == o.cfg.Me {
		profile = o.myProfile()
	}
	return object{
		"id": u.ID, "full_name": u.Name, "first_name": first, "last_name": last, "status": "active", "confirm": true,
		"email":   email(u),
		"profile": object{"id": profile.ID, "name": profile.Name},
		"role":    object{"id": "5843104000000026005", "name": "CEO"},
	}
}

// org serves the organisation's particulars.
func (o *Org) org() answer {
	return shown(object{"org": []object{{
		"id": o.cfg.Company.ID, "zgid": o.cfg.Company.Number, "company_name": o.cfg.Company.Name, "type": "production",
		"time_zone": "Asia/Kolkata", "license_details": object{
			"paid": o.cfg.Edition != "free", "paid_type": o.cfg.Edition, "users_license_purchased": 2, "trial_type": nil,
		},
	}}})
}
