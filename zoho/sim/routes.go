package sim

import (
	"net/http"
	"slices"
)

// The calls that only read: records one by one and by query, and what describes the organisation.
const (
	OpRecord Op = "record" // GET /{Module}/{id}
	OpQuery  Op = "query"  // POST /coql
	OpModule Op = "module" // GET /settings/modules/{Module}
	OpFields Op = "fields" // GET /settings/fields
	OpUser   Op = "user"   // GET /users/{id}
	OpAPIs   Op = "apis"   // GET /__apis

	OpProfiles Op = "profiles" // GET /settings/profiles
)

// routeReading tells the calls that only read, in what follows the version in the path; false
// when the path is none of theirs.
func (c *call) routeReading(parts []string) bool {
	switch {
	case slices.Equal(parts, []string{"coql"}):
		if c.op = OpQuery; c.method != http.MethodPost {
			c.op = OpOther
			c.refuse(badMethod())
		}
	case slices.Equal(parts, []string{"__apis"}):
		c.only(OpAPIs)
	case slices.Equal(parts, []string{"settings", "fields"}):
		c.only(OpFields)
	case slices.Equal(parts, []string{"settings", "profiles"}):
		c.only(OpProfiles)
	case len(parts) == 3 && parts[0] == "settings" && parts[1] == "modules":
		c.module = parts[2]
		c.only(OpModule)
	case len(parts) == 2 && parts[0] == "users":
		c.id = parts[1]
		c.only(OpUser)
	case len(parts) == 2 && c.method == http.MethodGet && digits(parts[1]):
		c.module, c.id = parts[0], parts[1]
		c.only(OpRecord)
	default:
		return false
	}
	return true
}

// performReading serves the calls of routeReading; false when c is none of them. o.mu is held.
func (o *Org) performReading(c *call) (answer, bool) {
	switch c.op {
	case OpRecord:
		return o.oneRecord(c), true
	case OpQuery:
		return o.runQuery(c), true
	case OpModule:
		return o.oneModule(c), true
	case OpFields:
		return o.fields(c), true
	case OpUser:
		return o.oneUser(c), true
	case OpAPIs:
		return o.supportedAPIs(c), true
	case OpProfiles:
		return o.profiles(), true
	}
	return answer{}, false
}
