package sim

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestWithoutAJournalNothingChanges takes the file away from under the
// organisation, which no test from outside can do everywhere.
func TestWithoutAJournalNothingChanges(t *testing.T) {
	rec := Record{Module: "Leads", ID: "1"}
	o, err := New(Config{Records: slices.Values([]Record{rec}), Journal: t.TempDir() + "/sim.journal"})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.journal.f.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x/crm/v8/Leads/1/Locking_Information__s",
			strings.NewReader(`{"data":[{"Locked_Reason__s":"r"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Zoho-oauthtoken "+o.Token())
		resp, err := o.Transport().RoundTrip(req)
		if err != nil || resp.StatusCode != http.StatusInternalServerError {
			t.Errorf("%+v, %v", resp, err)
		}
		resp.Body.Close()
	}
	if _, err := o.Act(Patricia(), OpLock, rec); err == nil {
		t.Error("an act without a journal")
	}
	if _, locked := o.Lock("Leads", "1"); locked {
		t.Error("a change that was not written down came true")
	}
	if err := o.Close(); err == nil || !strings.Contains(err.Error(), "write journal") {
		t.Errorf("close: %v", err)
	}
}
