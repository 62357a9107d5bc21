package zoho_test

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"

	"zlock/zoho"
)

// FuzzWalk holds the reader of answers against encoding/json: it takes the same texts, but for names that
// occur twice and deep nesting, and finds the same in them.
func FuzzWalk(f *testing.F) {
	for _, text := range []string{
		`{"data":[{"code":"SUCCESS","details":{"id":"5843104000000425001","n":-1.5E+3},"ok":true,"no":false,"nil":null}]}`,
		" [ ] ", `{}`, `"a\u00e9\ud83d\ude00\"\\"`, "\"\xff\"", `1`, `[1,2 , 3]`, `{"a":{"a":[[],{}]}}`, `{"a":1}x`, `{"a":1,"a":2}`, ``, `{`, `tru`, `{"a":1} {"b":2}`, `"\ud800"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := zoho.DecodeLoosely(body)
		dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
		dec.UseNumber()
		var want any
		wanted := dec.Decode(&want)
		if wanted == nil {
			if _, rest := dec.Token(); rest != io.EOF {
				wanted = rest
				if rest == nil {
					wanted = io.ErrUnexpectedEOF // more after the end
				}
			}
		}
		switch {
		case err != nil && (strings.Contains(err.Error(), "twice in one object") || strings.Contains(err.Error(), "nested too deeply")):
		case (err == nil) != (wanted == nil):
			t.Errorf("%q: got the error %v, encoding/json's is %v", body, err, wanted)
		case err == nil && !reflect.DeepEqual(got, want):
			t.Errorf("%q: got %#v, encoding/json reads %#v", body, got, want)
		}
	})
}
