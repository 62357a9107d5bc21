package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// openAPIDirectory names the variable that says where Zoho's OpenAPI files of v8 are. They are Zoho's and
// no part of the project.
const openAPIDirectory = "ZLOCK_OPENAPI_DIR"

// The files, and which calls they describe.
const (
	lockingFile       = "record_locking.json"
	configurationFile = "record_locking_configuration.json"
	queryFile         = "coql.json"
	apisFile          = "apis.json"
	compositeFile     = "composite_requests.json"
	recordFile        = "record.json"
)

// describedBy is the file that describes a call; "" where none of those at hand does.
func describedBy(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/") // crm v8 …
	switch {
	case parts[0] != "crm" || len(parts) < 3:
	case strings.Contains(path, "/settings/record_locking_configurations"):
		return configurationFile
	case strings.Contains(path, "/Locking_Information__s"):
		return lockingFile
	case parts[2] == "coql":
		return queryFile
	case parts[2] == "__apis":
		return apisFile
	case parts[2] == "__composite_requests":
		return compositeFile
	case parts[2] == "settings" || parts[2] == "users" || parts[2] == "org":
	default:
		return recordFile
	}
	return ""
}

// talk is a request and its answer.
type talk struct {
	what         string
	method, url  string
	request      []byte
	status       int
	contentType  string
	answer       []byte
	wrongRequest bool // it was sent to be refused: only its answer is looked at
}

// TestOpenAPI holds every request of the client and every answer of the organisation to Zoho's OpenAPI
// files, but for the slips of these files, each of which must be in the way of something.
func TestOpenAPI(t *testing.T) {
	directory := os.Getenv(openAPIDirectory)
	if directory == "" {
		t.Skip(openAPIDirectory + " is not set: Zoho's OpenAPI files of v8 are not at hand")
	}
	spoken := map[string][]talk{}
	for _, e := range spokenTalks(t) {
		u, err := url.Parse(e.url)
		if err != nil {
			t.Fatal(err)
		}
		file := describedBy(u.Path)
		if file == "" && !slices.ContainsFunc(undescribed(), func(p string) bool { return strings.HasPrefix(u.Path, p) }) {
			t.Errorf("%s: no file describes %s", e.what, u.Path)
		}
		spoken[file] = append(spoken[file], e)
	}
	for file, need := range filesAndOperations() {
		t.Run(file, func(t *testing.T) {
			talks := spoken[file]
			whole := newJudge(t, directory, file, -1)
			for _, e := range talks {
				if err := whole.check(t.Context(), e); err != nil {
					t.Errorf("%s: %s %s, %d\n%s\n%s\n%v", e.what, e.method, e.url, e.status, e.request, e.answer, err)
				}
			}
			for i, s := range slips() {
				if s.file == file && newJudge(t, directory, file, i).all(t.Context(), talks) {
					t.Errorf("the slip %q is in nobody's way (%s)", s.at, s.why)
				}
			}
			if done := whole.succeeded(talks); done < need {
				t.Errorf("%d operations of the file succeeded, want %d", done, need)
			}
		})
	}
}

// undescribed are the calls that none of the files at hand describes.
func undescribed() []string {
	return []string{"/crm/v8/settings/modules", "/crm/v8/settings/fields", "/crm/v8/settings/profiles", "/crm/v8/users", "/crm/v8/org", "/oauth/"}
}

// filesAndOperations are the files, and how many of their operations must be among what is spoken and succeed.
func filesAndOperations() map[string]int {
	return map[string]int{lockingFile: 5, configurationFile: 7, queryFile: 1, apisFile: 1, compositeFile: 1, recordFile: 6}
}

// judge is one of Zoho's files, mended.
type judge struct{ doc *openapi3.T }

// newJudge reads a file and mends it by its slips, leaving out the one of that number.
func newJudge(t *testing.T, directory, file string, without int) *judge {
	t.Helper()
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = true
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, u *url.URL) ([]byte, error) {
		return mended(directory, filepath.Base(u.Path), without)
	}
	doc, err := loader.LoadFromURI(&url.URL{Path: file})
	if err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
	return &judge{doc}
}

// mended is a file with what it refers to elsewhere, and is not at hand, taken for anything; with every
// object closed to keys that the file does not name; and mended by its slips.
func mended(directory, file string, without int) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(directory, file))
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	delete(doc, "security") // what a token must hold is not looked at here
	delete(doc["components"].(map[string]any), "securitySchemes")
	closeUp(doc, directory)
	for i, s := range slips() {
		if s.file == file && i != without {
			if err := s.mend(doc); err != nil {
				return nil, fmt.Errorf("slip %s: %w", s.at, err)
			}
		}
	}
	return json.Marshal(doc)
}

// closeUp makes objects take no keys but those that they name, and drops references to files that are not at hand.
func closeUp(v any, directory string) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok && strings.HasPrefix(ref, "http") {
			file, _, _ := strings.Cut(ref[strings.LastIndex(ref, "/v8.0/")+len("/v8.0/"):], "#")
			if _, err := os.Stat(filepath.Join(directory, file)); err != nil {
				delete(v, "$ref")
			}
		}
		if _, open := v["additionalProperties"]; v["type"] == "object" && v["properties"] != nil && !open {
			v["additionalProperties"] = false
		}
		for _, one := range v {
			closeUp(one, directory)
		}
	case []any:
		for _, one := range v {
			closeUp(one, directory)
		}
	}
}

// placeholder is what stands for a part of a path that changes.
var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// route finds the operation that a talk is about; nil when the file has none such.
func (j *judge) route(e talk) (*routers.Route, map[string]string) {
	u, err := url.Parse(e.url)
	if err != nil {
		return nil, nil
	}
	for path, item := range j.doc.Paths.Map() {
		names := placeholder.FindAllString(path, -1)
		pattern := "^" + placeholder.ReplaceAllString(path, "([^/]+)") + "$"
		m := regexp.MustCompile(pattern).FindStringSubmatch(u.Path)
		op := item.GetOperation(e.method)
		if m == nil || op == nil || strings.Contains(path, "external") {
			continue
		}
		params := map[string]string{}
		for i, name := range names {
			params[strings.Trim(name, "{}")] = m[i+1]
		}
		return &routers.Route{Spec: j.doc, Path: path, PathItem: item, Method: e.method, Operation: op}, params
	}
	return nil, nil
}

// check says what is wrong with a talk; nil for nothing.
func (j *judge) check(ctx context.Context, e talk) error {
	route, params := j.route(e)
	if route == nil {
		if e.wrongRequest {
			return nil
		}
		return fmt.Errorf("the file has no operation %s %s", e.method, e.url)
	}
	req, err := http.NewRequestWithContext(ctx, e.method, e.url, bytes.NewReader(e.request))
	if err != nil {
		return err
	}
	if len(e.request) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	options := &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: options}
	if !e.wrongRequest {
		if err := openapi3filter.ValidateRequest(ctx, in); err != nil {
			return fmt.Errorf("the request: %w", err)
		}
		for name := range req.URL.Query() {
			if route.Operation.Parameters.GetByInAndName("query", name) == nil {
				return fmt.Errorf("the request: the file knows no parameter %s", name)
			}
		}
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: e.status, Header: http.Header{"Content-Type": {e.contentType}},
		Body: io.NopCloser(bytes.NewReader(e.answer)), Options: options,
	}
	if err := openapi3filter.ValidateResponse(ctx, out); err != nil {
		return fmt.Errorf("the answer: %w", err)
	}
	return nil
}

// all reports whether nothing is wrong with any of the talks.
func (j *judge) all(ctx context.Context, talks []talk) bool {
	return !slices.ContainsFunc(talks, func(e talk) bool { return j.check(ctx, e) != nil })
}

// succeeded counts the operations of which some talk was answered with a body or with 204.
func (j *judge) succeeded(talks []talk) int {
	done := map[*openapi3.Operation]bool{}
	for _, e := range talks {
		if route, _ := j.route(e); route != nil && e.status < 300 {
			done[route.Operation] = true
		}
	}
	return len(done)
}

// mend changes the document as the slip says.
func (s slip) mend(doc map[string]any) error {
	var value any
	if s.value != "" {
		if err := json.Unmarshal([]byte(s.value), &value); err != nil {
			return err
		}
	}
	hits := 0
	s.descend(doc, strings.Split(strings.TrimPrefix(s.at, "/"), "/"), value, &hits)
	if hits == 0 {
		return fmt.Errorf("the file has no such place")
	}
	return nil
}

// descend walks to the slip's places: * stands for every key, - for the end of a list.
func (s slip) descend(at any, path []string, value any, hits *int) {
	o, ok := at.(map[string]any)
	if !ok {
		return
	}
	key := strings.NewReplacer("~1", "/", "~0", "~").Replace(path[0])
	if key == "*" {
		for _, one := range o {
			s.descend(one, path[1:], value, hits)
		}
		return
	}
	if len(path) > 2 || len(path) == 2 && path[1] != "-" {
		s.descend(o[key], path[1:], value, hits)
		return
	}
	*hits++
	switch {
	case len(path) == 2:
		list, _ := o[key].([]any)
		o[key] = append(slices.Clone(list), value)
	case s.value == "":
		delete(o, key)
	default:
		o[key] = value
	}
}
