package sim_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho/sim"
)

func TestALockFromBirthToDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := found(t, holding(lead(someID)))
		id := lockID(t, o, someID)
		if len(id) != 19 || id == someID {
			t.Errorf("lock id %q", id)
		}
		if r := call(t, o, http.MethodPost, list(someID), reason); r.status != http.StatusForbidden || r.said(t) != "NOT_ALLOWED" {
			t.Errorf("second lock: %+v", r)
		}
		r := call(t, o, http.MethodPut, one(someID, id), `{"data":[{"Locked_Reason__s":"new words"}]}`)
		if r.status != http.StatusOK || r.detail(t, "id") != id {
			t.Errorf("reason: %+v", r)
		}
		row := call(t, o, http.MethodGet, one(someID, id), "").row(t)
		if row["Locked_Reason__s"] != "new words" || row["Locked_Time__s"] != "2000-01-01T05:30:00+05:30" {
			t.Errorf("the lock reads %v", row)
		}
		if r := call(t, o, http.MethodDelete, one(someID, id), ""); r.status != http.StatusOK {
			t.Errorf("unlock: %+v", r)
		}
		if r := call(t, o, http.MethodDelete, one(someID, id), ""); r.status != http.StatusBadRequest || r.detail(t, "resource_path_index") != 3.0 {
			t.Errorf("second unlock: %+v", r)
		}
		if again := lockID(t, o, someID); again == id {
			t.Errorf("lock id %s was used twice", id)
		}
	})
}

func TestRefusals(t *testing.T) {
	long := func(n int) string { return `{"data":[{"Locked_Reason__s":"` + strings.Repeat("я", n) + `"}]}` }
	held := lockedLead("1")
	held.Lock.ID = "77"
	tests := []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"a record that is not there", "POST", list("3"), reason, 400, "INVALID_DATA"},
		{"a record id beyond int64", "POST", list("9999999999999999999"), reason, 400, "INVALID_DATA"},
		{"a record id that is no number", "POST", list("zcrm_1"), reason, 404, "INVALID_URL_PATTERN"},
		{"a record id that is too long", "GET", list(strings.Repeat("1", 33)) + allOf, "", 404, "INVALID_URL_PATTERN"},
		{"a lock id that is no number", "DELETE", one("1", "abc"), "", 404, "INVALID_URL_PATTERN"},
		{"another record's lock", "DELETE", one("2", "77"), "", 400, "INVALID_DATA"},
		{"a lock id beyond int64", "GET", one("1", "9999999999999999999"), "", 204, ""},
		{"an empty segment", "GET", list("") + allOf, "", 404, "INVALID_URL_PATTERN"},
		{"a path below a lock", "GET", one("1", "77/x"), "", 404, "INVALID_URL_PATTERN"},
		{"another related list", "GET", "/crm/v8/Leads/1/Notes", "", 404, "INVALID_URL_PATTERN"},
		{"the module with another case", "POST", "/crm/v8/leads/2/Locking_Information__s", reason, 400, "INVALID_MODULE"},
		{"an old version", "GET", "/crm/v1/Leads/1/Locking_Information__s", "", 404, "INVALID_URL_PATTERN"},
		{"a version that is not there", "GET", "/crm/v9/Leads/1/Locking_Information__s", "", 404, "INVALID_URL_PATTERN"},
		{"PATCH on the list", "PATCH", list("1"), reason, 400, "INVALID_REQUEST_METHOD"},
		{"POST on a lock", "POST", one("1", "77"), reason, 400, "INVALID_REQUEST_METHOD"},
		{"POST on the user", "POST", "/crm/v8/users", "{}", 400, "INVALID_REQUEST_METHOD"},
		{"no body", "POST", list("2"), "", 400, "INVALID_DATA"},
		{"a body that is no JSON", "POST", list("2"), "{", 400, "INVALID_DATA"},
		{"a body that is too long", "POST", list("2"), `{"data":[{"Locked_Reason__s":"` + strings.Repeat("x", 1<<20) + `"}]}`, 400, "INVALID_DATA"},
		{"no data", "POST", list("2"), `{}`, 400, "MANDATORY_NOT_FOUND"},
		{"empty data", "POST", list("2"), `{"data":[]}`, 400, "MANDATORY_NOT_FOUND"},
		{"two elements", "POST", list("2"), `{"data":[{"Locked_Reason__s":"a"},{"Locked_Reason__s":"b"}]}`, 400, "INVALID_DATA"},
		{"a null reason", "POST", list("2"), `{"data":[{"Locked_Reason__s":null}]}`, 400, "MANDATORY_NOT_FOUND"},
		{"an empty reason", "POST", list("2"), `{"data":[{"Locked_Reason__s":""}]}`, 400, "MANDATORY_NOT_FOUND"},
		{"a blank reason", "PUT", one("1", "77"), `{"data":[{"Locked_Reason__s":" \n"}]}`, 400, "MANDATORY_NOT_FOUND"},
		{"a number for reason", "POST", list("2"), `{"data":[{"Locked_Reason__s":7}]}`, 400, "INVALID_DATA"},
		{"a reason of 3001 characters", "PUT", one("1", "77"), long(3001), 400, "INVALID_DATA"},
		{"a reason of 3000 characters", "POST", list("2"), long(3000), 201, "SUCCESS"},
	}
	o := found(t, holding(held, lead("2")))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := call(t, o, tt.method, tt.path, tt.body)
			if r.status != tt.status || r.said(t) != tt.code {
				t.Errorf("%d %s, want %d %s: %s", r.status, r.said(t), tt.status, tt.code, r.text)
			}
		})
	}
	if done := events(o, applied); len(done) != 1 || done[0].ID != "2" {
		t.Errorf("changes made: %+v", done)
	}
}

func TestEveryVersionIsServed(t *testing.T) {
	for _, v := range []string{"v2", "v3", "v4", "v5", "v6", "v7", "v8"} {
		o := found(t, holding(lead("1")))
		if r := call(t, o, http.MethodPost, "/crm/"+v+"/Leads/1/Locking_Information__s", reason); r.status != http.StatusCreated {
			t.Errorf("%s: %+v", v, r)
		}
	}
}

func TestAutomaticLocksStay(t *testing.T) {
	for _, source := range []sim.Source{sim.Automatic, sim.Both} {
		t.Run(string(source), func(t *testing.T) {
			rec := lead("1")
			rec.Lock = &sim.Lock{ID: "77", Source: source, Reason: "by hand", By: sim.Patricia()}
			o := found(t, holding(rec))
			if r := call(t, o, http.MethodDelete, one("1", "77"), ""); r.status != http.StatusForbidden || !strings.Contains(r.text, "Automatically") {
				t.Errorf("unlock: %+v", r)
			}
			want := http.StatusForbidden
			if source == sim.Both {
				want = http.StatusOK
			}
			if r := call(t, o, http.MethodPut, one("1", "77"), reason); r.status != want {
				t.Errorf("reason: %+v", r)
			}
			if l, ok := o.Lock("Leads", "1"); !ok || l.Source != source {
				t.Errorf("the lock is now %+v, %v", l, ok)
			}
		})
	}
}

func TestFieldsChooseWhatIsShown(t *testing.T) {
	o := found(t, holding(lockedLead("1")))
	row := call(t, o, http.MethodGet, list("1")+"?fields=Locked_Reason__s", "").row(t)
	if row["Locked_Reason__s"] != "deal in progress" || row["id"] == nil || row["$editable"] != true {
		t.Errorf("row %v", row)
	}
	if _, ok := row["Locked_By__s"]; ok {
		t.Errorf("a field that was not asked for: %v", row)
	}
}

func TestStandingChangesInMidRun(t *testing.T) {
	o := found(t, holding(lead("1"), lead("2")))
	id := lockID(t, o, "1")
	o.SetStanding(sim.Standing{PermissionDenied: []sim.Op{sim.AnyWrite}})
	if r := call(t, o, http.MethodDelete, one("1", id), ""); r.said(t) != "NO_PERMISSION" || r.status != http.StatusForbidden {
		t.Errorf("unlock: %+v", r)
	}
	if r := call(t, o, http.MethodGet, list("1")+allOf, ""); r.status != http.StatusOK {
		t.Errorf("read: %+v", r)
	}
	o.SetStanding(sim.Standing{ScopeMissing: []sim.Op{sim.AnyRead}})
	if r := call(t, o, http.MethodGet, list("1")+allOf, ""); r.said(t) != "OAUTH_SCOPE_MISMATCH" || r.status != http.StatusUnauthorized {
		t.Errorf("read: %+v", r)
	}
	if r := call(t, o, http.MethodDelete, one("1", id), ""); r.status != http.StatusOK {
		t.Errorf("unlock: %+v", r)
	}
}

func TestTheOrganisationsClockMayBeWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := holding(lead("1"))
		cfg.Skew = 90 * time.Minute
		o := found(t, cfg)
		r := call(t, o, http.MethodPost, list("1"), reason)
		if got := r.header.Get("Date"); got != "Sat, 01 Jan 2000 01:30:00 GMT" {
			t.Errorf("Date: %s", got)
		}
		if l, _ := o.Lock("Leads", "1"); !l.At.Equal(time.Now().Add(90 * time.Minute)) {
			t.Errorf("locked at %s", l.At)
		}
	})
}
