package sim

// profiles serves the organisation's profiles, as the page "Get Profiles" has them.
func (o *Org) profiles() answer {
	list := make([]object, len(o.cfg.Profiles))
	for i, p := range o.cfg.Profiles {
		list[i] = object{
			"id": p.ID, "name": p.Name, "display_label": p.Name, "type": "normal_profile", "custom": false, "description": nil,
		}
	}
	return shown(object{"profiles": list})
}
