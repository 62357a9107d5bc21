package zoho_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"zlock/zoho"
)

const (
	onList = "/crm/v8/Leads/" + recordID + "/Locking_Information__s"
	onOne  = onList + "/" + lockID
)

// TestKindOfAnswer covers what the example answers do not: odd shapes, other doors, contradictions.
func TestKindOfAnswer(t *testing.T) {
	tests := []struct {
		name         string
		method, path string
		status       int
		body         string
		want         zoho.Kind
		phase        zoho.Phase
		vague        bool
	}{
		{"not allowed, silent", "POST", onList, 403, `{"code":"NOT_ALLOWED","details":{"resource_path_index":1},"message":"sorry","status":"error"}`, zoho.AlreadyLocked, zoho.PhaseDefinite, true},
		{"already and automatic", "POST", onList, 403, `{"code":"NOT_ALLOWED","details":{"resource_path_index":1},"message":"Record is ALREADY locked automatically","status":"error"}`, zoho.AlreadyLocked, zoho.PhaseDefinite, false},
		{"index as text", "POST", onList, 400, `{"code":"NOT_ALLOWED","details":{"resource_path_index":"2"},"message":"x","status":"error"}`, zoho.NoConfiguration, zoho.PhaseDefinite, false},
		{"no index, 400", "POST", onList, 400, `{"code":"NOT_ALLOWED","details":{},"message":"x","status":"error"}`, zoho.NoConfiguration, zoho.PhaseDefinite, false},
		{"no index, 400, but already", "POST", onList, 400, `{"code":"NOT_ALLOWED","details":{},"message":"record already locked","status":"error"}`, zoho.AlreadyLocked, zoho.PhaseDefinite, false},
		{"no index, 403, configuration", "GET", onList, 403, `{"code":"NOT_ALLOWED","message":"required record locking configuration is not present","status":"error"}`, zoho.NoConfiguration, zoho.PhaseDefinite, false},
		{"unlock not allowed, silent", "DELETE", onOne, 403, `{"code":"NOT_ALLOWED","details":{"resource_path_index":1},"status":"error"}`, zoho.AutomaticLock, zoho.PhaseDefinite, true},
		{"reason of an automatic lock", "PUT", onOne, 403, `{"code":"NOT_ALLOWED","details":{"resource_path_index":1},"message":"automatically locked","status":"error"}`, zoho.AutomaticLock, zoho.PhaseDefinite, false},
		{"reason, already locked", "PUT", onOne, 403, `{"code":"NOT_ALLOWED","details":{"resource_path_index":1},"message":"record is already locked","status":"error"}`, zoho.RequestRefused, zoho.PhaseDefinite, false},
		{"record locked at the top", "POST", onList, 400, `{"code":"RECORD_LOCKED","details":{"id":"1"},"message":"x","status":"error"}`, zoho.AlreadyLocked, zoho.PhaseDefinite, false},
		{"record locked by a merge", "POST", onList, 400, `{"code":"RECORD_LOCKED","details":{"action":"merge"},"status":"error"}`, zoho.RequestRefused, zoho.PhaseDefinite, false},
		{"record locked on unlock", "DELETE", onOne, 400, `{"data":[[{"code":"RECORD_LOCKED","details":{"action":"record_locking"},"status":"error"}]]}`, zoho.RequestRefused, zoho.PhaseDefinite, false},
		{"lock index at a door without a lock", "POST", onList, 400, `{"code":"INVALID_DATA","details":{"resource_path_index":3},"message":"the id given seems to be invalid","status":"error"}`, zoho.RequestRefused, zoho.PhaseDefinite, false},
		{"invalid data says nothing", "POST", onList, 400, `{"code":"INVALID_DATA","details":[],"status":"error"}`, zoho.RequestRefused, zoho.PhaseDefinite, false},
		{"module by index", "POST", onList, 400, `{"code":"INVALID_DATA","details":{"resource_path_index":0},"status":"error"}`, zoho.ModuleUnknown, zoho.PhaseDefinite, false},
		{"relation by index", "POST", onList, 400, `{"code":"INVALID_DATA","details":{"resource_path_index":2},"message":"The relation id given seems to be invalid","status":"error"}`, zoho.RelationMissing, zoho.PhaseDefinite, false},
		{"mandatory of another field", "POST", onList, 400, `{"data":[{"code":"MANDATORY_NOT_FOUND","details":{"api_name":"Other"},"status":"error"}]}`, zoho.RequestRefused, zoho.PhaseDefinite, false},
		{"lower-case code", "POST", onList, 400, `{"code":"invalid_module","status":"error"}`, zoho.ModuleUnknown, zoho.PhaseDefinite, false},
		{"upper-case keys", "POST", onList, 400, `{"Code":"INVALID_MODULE","Status":"ERROR"}`, zoho.ModuleUnknown, zoho.PhaseDefinite, false},
		{"under the configurations", "GET", onList, 400, `{"record_locking_configurations":[{"code":"NOT_SUPPORTED","status":"error"}]}`, zoho.ModuleUnsupported, zoho.PhaseDefinite, false},
		{"gateway", "GET", onList, 404, `{"data":{"errorCode":"URL_RULE_NOT_CONFIGURED"}}`, zoho.RequestRefused, zoho.PhaseDefinite, false},
		{"throttled by code alone", "POST", onList, 400, `{"code":"TOO_MANY_REQUESTS","status":"error"}`, zoho.Throttled, zoho.PhaseRefused, false},
		{"throttled, no body", "POST", onList, 429, ``, zoho.Throttled, zoho.PhaseRefused, false},
		{"limit of a request", "POST", onList, 400, `{"code":"LIMIT_EXCEEDED","status":"error"}`, zoho.RequestRefused, zoho.PhaseDefinite, false},
		{"fault by code alone", "POST", onList, 400, `{"code":"INTERNAL_ERROR","status":"error"}`, zoho.ServerFault, zoho.PhaseOpen, false},
		{"request timeout", "POST", onList, 408, ``, zoho.ServerFault, zoho.PhaseOpen, false},
		{"refusal as a page", "POST", onList, 403, `<html>blocked</html>`, zoho.BadAnswer, zoho.PhaseOpen, false},
		{"refusal without a code", "POST", onList, 404, `{}`, zoho.RequestRefused, zoho.PhaseDefinite, false},
		{"401 as a page", "POST", onList, 401, `<html>who are you</html>`, zoho.BadAnswer, zoho.PhaseOpen, false},
		{"401 in words", "POST", onList, 401, `Unauthorized`, zoho.BadAnswer, zoho.PhaseOpen, false},
		{"401 in words, to a read", "GET", onList, 401, `Unauthorized`, zoho.BadAnswer, zoho.PhaseOpen, false},
		{"401 without a body", "POST", onList, 401, ``, zoho.SignIn, zoho.PhaseDefinite, false},
		{"401 of blanks", "POST", onList, 401, "\r\n", zoho.SignIn, zoho.PhaseDefinite, false},
		{"401 without a code", "POST", onList, 401, `{}`, zoho.SignIn, zoho.PhaseDefinite, false},
		{"401 of another code", "POST", onList, 401, `{"code":"WHO_ARE_YOU","status":"error"}`, zoho.SignIn, zoho.PhaseDefinite, false},
		{"401 without permission", "POST", onList, 401, `{"code":"NO_PERMISSION","message":"no","status":"error"}`, zoho.NoPermission, zoho.PhaseDefinite, false},
		{"2xx with an error inside", "POST", onList, 207, `{"data":[{"code":"NOT_ALLOWED","status":"error","details":{"resource_path_index":1},"message":"already locked"}]}`, zoho.AlreadyLocked, zoho.PhaseDefinite, false},
		{"2xx with an error on top", "GET", onList, 200, `{"code":"NO_PERMISSION","status":"error"}`, zoho.NoPermission, zoho.PhaseDefinite, false},
		{"2xx with a code nobody knows", "POST", onList, 200, `{"data":[{"code":"ODD"}]}`, zoho.BadAnswer, zoho.PhaseOpen, false},
		{"2xx with an error nobody knows", "POST", onList, 200, `{"data":[{"code":"ODD","status":"error"}]}`, zoho.RequestRefused, zoho.PhaseDefinite, false},
		{"not done yet", "POST", onList, 202, `{"data":[{"status":"scheduled"}]}`, zoho.BadAnswer, zoho.PhaseOpen, false},
		{"switching protocols", "POST", onList, 101, ``, zoho.BadAnswer, zoho.PhaseOpen, false},
		{"not modified", "GET", onList, 304, ``, zoho.Redirected, zoho.PhaseDefinite, false},
		{"name twice", "POST", onList, 201, `{"data":[{"code":"SUCCESS","status":"success","status":"error","details":{"id":"1"}}]}`, zoho.BadAnswer, zoho.PhaseOpen, false},
		{"two values", "POST", onList, 201, `{"data":[]} {}`, zoho.BadAnswer, zoho.PhaseOpen, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := call(t, newClient(t, always(tt.status, tt.body)), tt.method, tt.path)
			var got *zoho.Error
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if got.Kind != tt.want || got.Phase != tt.phase || got.Vague != tt.vague {
				t.Errorf("got %v, %v, vague %v; want %v, %v, vague %v", got.Kind, got.Phase, got.Vague, tt.want, tt.phase, tt.vague)
			}
		})
	}
}

func TestRetryAfterOfAnswer(t *testing.T) {
	tests := []struct {
		name, body, header string
		want               time.Duration
	}{
		{"header", `{}`, "7", 7 * time.Second},
		{"details", `{"code":"TOO_MANY_REQUESTS","details":{"retry_after":60},"status":"error"}`, "", time.Minute},
		{"header goes first", `{"code":"TOO_MANY_REQUESTS","details":{"retry_after":60},"status":"error"}`, "5", 5 * time.Second},
		{"none", `{"code":"TOO_MANY_REQUESTS","details":[],"status":"error"}`, "", 0},
		{"too long", `{}`, "86400", time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := call(t, newClient(t, always(http.StatusTooManyRequests, tt.body, "Retry-After", tt.header)), "POST", onList)
			var got *zoho.Error
			if !errors.As(err, &got) || got.RetryAfter != tt.want {
				t.Errorf("got %v, want to wait %v", err, tt.want)
			}
		})
	}
}
