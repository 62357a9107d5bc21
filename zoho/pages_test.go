package zoho_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"zlock/zoho"
)

// sample is the body of a call as a page of Zoho's shows it, and the message that its receipt has.
type sample struct {
	Source, Method, Path, Receipt string
	Body                          json.RawMessage
}

func readSample(t *testing.T, file string) sample {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var s sample
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return s
}

// TestPagesBodiesAreSent: the client sends each body that Zoho's documents show, to the address that stands
// there but for the API's version.
func TestPagesBodiesAreSent(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "requests", "*.json"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%d bodies, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			s := readSample(t, file)
			var sent []byte
			var target string
			client := newClient(t, farEnd(func(r *http.Request) (*http.Response, error) {
				sent, _ = io.ReadAll(r.Body)
				target = r.Method + " " + r.URL.RequestURI()
				return reply(200, s.receipt()), nil
			}))
			if err := s.send(t, client); err != nil {
				t.Fatal(err)
			}
			if got, want := anyJSON(t, sent), anyJSON(t, s.Body); !reflect.DeepEqual(got, want) {
				t.Errorf("sent %v\nwant %v", got, want)
			}
			_, rest, _ := strings.Cut(strings.TrimPrefix(s.Path, "/crm/"), "/")
			if want := s.Method + " /crm/v8/" + rest; target != want {
				t.Errorf("sent to %s, want %s", target, want)
			}
		})
	}
}

// receipt is Zoho's answer to the sample.
func (s sample) receipt() string {
	key, id := "data", s.lock()
	if strings.Contains(s.Path, "/settings/") {
		key, id = "record_locking_configurations", configurationID
	}
	return `{"` + key + `":[{"code":"SUCCESS","details":{"id":"` + id + `"},"message":"` + s.Receipt + `","status":"success"}]}`
}

// lock is the id of the lock that the sample is about.
func (s sample) lock() string {
	if parts := strings.Split(s.Path, "/"); len(parts) == 7 {
		return parts[6]
	}
	return lockID
}

// send opens the door that the sample stands for, with what its body holds.
func (s sample) send(t *testing.T, client *zoho.Client) error {
	t.Helper()
	if strings.Contains(s.Path, "/settings/") {
		_, err := client.UpdateConfiguration(t.Context(), "Leads", parse(t, string(s.Body)))
		return err
	}
	var body struct {
		Data []struct {
			Reason string `json:"Locked_Reason__s"`
		}
	}
	if err := json.Unmarshal(s.Body, &body); err != nil || len(body.Data) != 1 {
		t.Fatalf("%d rows, %v", len(body.Data), err)
	}
	parts := strings.Split(s.Path, "/")
	r := zoho.Record{Module: parts[3], ID: parts[4]}
	if s.Method == http.MethodPut {
		return client.UpdateReason(t.Context(), r, s.lock(), body.Data[0].Reason)
	}
	_, err := client.CreateLock(t.Context(), r, body.Data[0].Reason)
	return err
}
