package zoho_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"zlock/zoho"
)

func TestRecordStates(t *testing.T) {
	const body = `{"data":[
		{"id":"9","Locked__s":true,"Modified_Time":"2026-09-30T12:00:05+02:00","Modified_By":{"id":"5","name":"Patricia Boyle","email":"p@example.com"}},
		{"id":"7","Locked__s":false,"Modified_Time":"yesterday","Modified_By":null}],"info":{"more_records":false}}`
	var asked *url.URL
	end := farEnd(func(r *http.Request) (*http.Response, error) {
		asked = r.URL
		return reply(200, body), nil
	})
	got, err := newClient(t, end).RecordStates(t.Context(), "Leads", []string{"7", "8", "0009"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i].ModifiedAt = got[i].ModifiedAt.UTC()
	}
	want := []zoho.RecordState{
		{Lock: zoho.StateUnlocked}, {Lock: zoho.StateAbsent},
		{zoho.StateLocked, time.Date(2026, 9, 30, 10, 0, 5, 0, time.UTC), zoho.User{ID: "5", Name: "Patricia Boyle"}},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	q := asked.Query()
	if q.Get("fields") != "id,Locked__s,Modified_Time,Modified_By" || q.Get("ids") != "7,8,0009" || q.Get("converted") != "both" {
		t.Errorf("asked %s", asked)
	}
}

// What an answer leaves out would be taken for records that are gone: half an answer is none.
func TestRecordStatesDisbelieves(t *testing.T) {
	for _, body := range []string{`{"data":[{"id":"11","Locked__s":true}]}`, `{"data":[],"info":{"more_records":true}}`, ``} {
		if got, err := newClient(t, always(200, body)).RecordStates(t.Context(), "Deals", []string{"7"}); err == nil {
			t.Errorf("%s: got %+v", body, got)
		}
	}
	if _, err := newClient(t, always(204, "")).RecordStates(t.Context(), "Deals", nil); err == nil {
		t.Error("a read of no records was made")
	}
}
