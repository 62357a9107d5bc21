package zoho_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"zlock/zoho"
)

func TestListLocks(t *testing.T) {
	patricia := zoho.User{ID: "5843104000000424672", Name: "Patricia Boyle"}
	at := time.Date(2023, 9, 5, 9, 13, 36, 0, time.UTC)
	manual := zoho.Lock{
		ID: lockID, Reason: "deal in progress", Source: zoho.Manual, By: patricia, At: at, Editable: true,
		ConfigurationID: "5843104000000758004", RecordName: "Theola Frey (Sample)",
		ModuleID: "5843104000000002175",
	}
	automatic, both := manual, manual
	automatic.Source, automatic.Reason, automatic.By = zoho.Automatic, "", zoho.User{}
	automatic.Editable, automatic.RuleID = false, "5843104000000758010"
	both.Source, both.RuleID = zoho.Both, "5843104000000758010"
	tests := []struct {
		name, body string
		status     int
		want       []zoho.Lock
	}{
		{"manual", string(fixture(t, "list_manual").Response.Body), 200, []zoho.Lock{manual}},
		{"automatic", string(fixture(t, "list_automatic").Response.Body), 200, []zoho.Lock{automatic}},
		{"both", string(fixture(t, "list_both").Response.Body), 200, []zoho.Lock{both}},
		{"204", ``, 204, nil},
		{"no rows", `{"data":[],"info":{"count":0}}`, 200, nil},
		{"older spelling, ids as numbers", `{"data":[{"id":5843104000000804005,"locked_by__s":{"id":9007199254740993,"name":"P"},
			"locked_for_s":{"id":5843104000000425565,"name":"N"},"locked_reason__s":"r","lock_source__s":"manual",
			"Locked_time__s":"2023-09-05T14:43:36+0530","$editable":false}]}`, 200,
			[]zoho.Lock{{ID: lockID, Reason: "r", Source: zoho.Manual, By: zoho.User{ID: "9007199254740993", Name: "P"}, At: at, RecordName: "N"}}},
		{"little said", `{"data":[{"id":"7"}]}`, 200, []zoho.Lock{{ID: "7", Editable: true}}},
		{"time without a zone", `{"data":[{"id":"7","Locked_Time__s":"2023-09-05T05:13:36"}]}`, 200, []zoho.Lock{{ID: "7", Editable: true}}},
		{"source unsaid, by a rule", `{"data":[{"id":"7","Record_Locking_Rule_Id__s":{"id":"8"}}]}`, 200,
			[]zoho.Lock{{ID: "7", Source: zoho.Automatic, RuleID: "8", Editable: true}}},
		{"source unsaid, by both", `{"data":[{"id":"7","Record_Locking_Rule_Id__s":8,"Locked_By__s":{"id":"9"}}]}`, 200,
			[]zoho.Lock{{ID: "7", Source: zoho.Both, RuleID: "8", By: zoho.User{ID: "9"}, Editable: true}}},
		{"whose it is and of what", `{"data":[{"id":"7","Owner":{"id":"9","name":"P"},"Parent_Id":{"id":"5843104000000425565"}}]}`, 200,
			[]zoho.Lock{{ID: "7", Owner: zoho.User{ID: "9", Name: "P"}, ParentID: recordID, Editable: true}}},
		{"two", `{"data":[{"id":"7"},{"id":"8"}]}`, 200, []zoho.Lock{{ID: "7", Editable: true}, {ID: "8", Editable: true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := newClient(t, always(tt.status, tt.body)).ListLocks(t.Context(), lead)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if !got[i].At.IsZero() {
					got[i].At = got[i].At.UTC()
				}
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestGetLock(t *testing.T) {
	body := string(fixture(t, "get_ok").Response.Body)
	lock, err := newClient(t, always(200, body)).GetLock(t.Context(), lead, lockID)
	if err != nil || lock == nil || lock.ID != lockID {
		t.Errorf("got %+v, %v", lock, err)
	}
	lock, err = newClient(t, always(204, ``)).GetLock(t.Context(), lead, lockID)
	if err != nil || lock != nil {
		t.Errorf("gone: got %+v, %v", lock, err)
	}
}

func TestReceipt(t *testing.T) {
	receipt, err := newClient(t, always(201, string(fixture(t, "lock_ok").Response.Body))).CreateLock(t.Context(), lead, "x")
	if err != nil {
		t.Fatal(err)
	}
	if !receipt.At.Equal(time.Date(2023, 9, 5, 9, 13, 36, 0, time.UTC)) {
		t.Errorf("got time %v", receipt.At)
	}
	receipt.At = time.Time{}
	if want := (zoho.Receipt{LockID: lockID, By: zoho.User{ID: "5843104000000424672", Name: "Patricia Boyle"}}); receipt != want {
		t.Errorf("got %+v, want %+v", receipt, want)
	}
}

func TestCurrentUser(t *testing.T) {
	me, err := newClient(t, always(200, string(fixture(t, "user_ok").Response.Body))).CurrentUser(t.Context())
	if want := (zoho.User{ID: "5843104000000424672", Name: "Patricia Boyle"}); err != nil || me != want {
		t.Errorf("got %+v, %v", me, err)
	}
}

func TestCurrentPerson(t *testing.T) {
	const body = `{"users":[{"id":"7","full_name":"P","status":"ACTIVE","profile":{"id":8,"name":"Administrator"}}]}`
	me, err := newClient(t, always(200, body)).CurrentPerson(t.Context())
	if err != nil || me.User != (zoho.User{ID: "7", Name: "P"}) || me.Status != "active" || me.Profile.ID != "8" || me.Profile.Name != "Administrator" {
		t.Errorf("got %+v, %v", me, err)
	}
	me, err = newClient(t, always(200, string(fixture(t, "user_ok").Response.Body))).CurrentPerson(t.Context())
	if err != nil || me.Profile.String() != "" {
		t.Errorf("without a profile: got %+v, %v", me, err)
	}
}

// TestSuccessThatCannotBeBelieved: a 2xx is no success before it says so about what was asked.
func TestSuccessThatCannotBeBelieved(t *testing.T) {
	success := func(id string) string {
		return `{"data":[{"code":"SUCCESS","status":"success","message":"done","details":{"id":` + id + `}}]}`
	}
	two := strings.Replace(success(`"1"`), `]}`, `,{"code":"SUCCESS","status":"success","details":{"id":"`+lockID+`"}}]}`, 1)
	tests := []struct {
		name, method, path string
		status             int
		body               string
	}{
		{"lock: 204", "POST", onList, 204, ``},
		{"unlock: 204", "DELETE", onOne, 204, ``},
		{"reason: 204", "PUT", onOne, 204, ``},
		{"user: 204", "GET", "/crm/v8/users", 204, ``},
		{"lock: empty", "POST", onList, 201, ``},
		{"list: empty 200", "GET", onList, 200, ``},
		{"list: null data", "GET", onList, 200, `{"data":null}`},
		{"list: no data", "GET", onList, 200, `{}`},
		{"list: an array", "GET", onList, 200, `[]`},
		{"list: a row without an id", "GET", onList, 200, `{"data":[{"Locked_Reason__s":"x"}]}`},
		{"list: a row that is none", "GET", onList, 200, `{"data":["x"]}`},
		{"list: another record", "GET", onList, 200, `{"data":[{"id":"7","Locked_For__s":{"id":"8"}}]}`},
		{"get: another lock", "GET", onOne, 200, `{"data":[{"id":"7"}]}`},
		{"get: two locks", "GET", onOne, 200, `{"data":[{"id":"` + lockID + `"},{"id":"7"}]}`},
		{"lock: no rows", "POST", onList, 201, `{"data":[]}`},
		{"lock: two rows", "POST", onList, 201, two},
		{"lock: no id", "POST", onList, 201, success(`null`)},
		{"lock: an id in words", "POST", onList, 201, success(`"new"`)},
		{"lock: the record's own id", "POST", onList, 201, success(`"` + recordID + `"`)},
		{"lock: no status", "POST", onList, 201, `{"data":[{"code":"SUCCESS","details":{"id":"7"}}]}`},
		{"lock: success that is none", "POST", onList, 201, `{"data":[{"code":"ODD","status":"success","details":{"id":"7"}}]}`},
		{"unlock: another lock", "DELETE", onOne, 200, success(`"7"`)},
		{"unlock: the record's id", "DELETE", onOne, 200, success(`"` + recordID + `"`)},
		{"unlock: no id", "DELETE", onOne, 200, `{"data":[{"code":"SUCCESS","status":"success"}]}`},
		{"reason: another lock", "PUT", onOne, 200, success(`7`)},
		{"user: two", "GET", "/crm/v8/users", 200, `{"users":[{"id":"1"},{"id":"2"}]}`},
		{"user: none", "GET", "/crm/v8/users", 200, `{"users":[]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := asError(t, call(t, newClient(t, always(tt.status, tt.body)), tt.method, tt.path))
			if e.Kind != zoho.BadAnswer || e.Phase != zoho.PhaseOpen || e.Message == "" {
				t.Errorf("got %v, %v: %v", e.Kind, e.Phase, e)
			}
		})
	}
}

func TestLeadingZerosAreTheSameID(t *testing.T) {
	body := `{"data":[{"code":"SUCCESS","status":"success","details":{"id":7}}]}`
	if err := newClient(t, always(200, body)).DeleteLock(t.Context(), lead, "007"); err != nil {
		t.Error(err)
	}
}
