package zoho_test

import (
	"net/http"
	"testing"

	"zlock/zoho"
)

const configurationID = "5843104000000758004"

// callSettings opens the door of the settings that a method and the path's parts stand for.
func callSettings(t *testing.T, c *zoho.Client, method string, parts []string) (err error) {
	t.Helper()
	what := parts[len(parts)-1]
	if len(parts) == 3 && parts[1] == "modules" {
		_, err = c.Module(t.Context(), what)
		return err
	}
	if len(parts) == 3 {
		what = parts[1]
	}
	want := zoho.Configuration{LockType: zoho.LockManual}
	switch what {
	case "modules":
		_, err = c.Modules(t.Context())
	case "fields":
		_, err = c.Fields(t.Context(), "Leads")
	case "profiles":
		_, err = c.Profiles(t.Context())
	case "coql":
		_, _, err = c.CountLocked(t.Context(), "Leads")
	case "record_locking_configurations":
		switch method {
		case http.MethodGet:
			_, err = c.GetConfiguration(t.Context(), "Leads")
		case http.MethodPost:
			_, err = c.CreateConfiguration(t.Context(), "Leads", want)
		case http.MethodPut:
			if len(parts) == 3 {
				want.ID = parts[2]
			}
			_, err = c.UpdateConfiguration(t.Context(), "Leads", want)
		case http.MethodDelete:
			err = c.DeleteConfiguration(t.Context(), "Leads", parts[2])
		}
	default:
		t.Fatalf("no door for %s %v", method, parts)
	}
	return err
}
