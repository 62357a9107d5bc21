package cli_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"zlock/cli"
)

func TestYAML(t *testing.T) {
	for text, want := range map[string]string{
		"{\"a\": 1}":                       `{"a": 1}`,
		"a: 5843104000000766010":           `{"a":5843104000000766010}`,
		"a: '5843104000000766010'":         `{"a":"5843104000000766010"}`,
		"a: 1e3\nb: .5\nc: 0x10\nd: 007":   `{"a":1e3,"b":".5","c":"0x10","d":"007"}`,
		"a: [yes, True, null, ~, ]":        `{"a":["yes",true,null,null]}`,
		"a: 2018-10-01T01:00:00+05:30":     `{"a":"2018-10-01T01:00:00+05:30"}`,
		"a:\n- b: |\n    two\n    lines\n": `{"a":[{"b":"two\nlines\n"}]}`,
		"---\n- x\n":                       `["x"]`,
	} {
		if got, err := cli.JSONOf([]byte(text)); err != nil || string(got) != want {
			t.Errorf("%q: got %s, %v; want %s", text, got, err, want)
		}
	}
	for text, says := range map[string]string{
		"": "empty", "a: 1\na: 2": "line 2: a stands twice", "a: &x 1\nb: *x": "line 2: anchors", "a: 1\n---\nb: 2": "more than one",
		"a: [": "", "? [a]\n: 1": "a key must be a word", "<<: {a: 1}": "a key must be a word",
	} {
		if _, err := cli.JSONOf([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want %q", text, err, says)
		}
	}
}

// FuzzYAML: what is written as YAML reads as what it was, and cannot steer a terminal.
func FuzzYAML(f *testing.F) {
	for _, seed := range []string{`"x"`, `"\u202e"`, `{"a":["1","true",null,1.5,"- x",": "],"":{}}`, `["\u0085\udb40\udc41\n\t#"]`, `"2018-10-01"`, `dealsConfiguration`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := plainJSON([]byte(text))
		if err != nil {
			return
		}
		written, err := cli.YAMLOf([]byte(text))
		if err != nil {
			return // YAML refuses some characters that JSON takes
		}
		if strings.ContainsAny(string(written), "\x1b\x07\r\u202e\u0085\U000e0041") {
			t.Errorf("%q is written as %q", text, written)
		}
		back, err := cli.JSONOf(written)
		if err != nil && strings.Contains(err.Error(), "stands twice") {
			return // in the JSON already
		}
		if err != nil {
			t.Fatalf("%q is written as %q: %v", text, written, err)
		}
		if got, err := plainJSON(back); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q is written as %q, read as %s (%v)", text, written, back, err)
		}
	})
}

// plainJSON is a JSON text's value; one with a name twice or with a broken surrogate is an error.
func plainJSON(text []byte) (any, error) {
	if strings.ContainsRune(string(text), '\ufffd') || !json.Valid(text) {
		return nil, errors.New("not for us")
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	again, err := json.Marshal(v)
	if strings.Contains(string(again), `\ufffd`) || strings.ContainsRune(string(again), '\ufffd') {
		return nil, errors.New("half a character")
	}
	return v, err
}
