package zoho

import (
	"bytes"
	"encoding/json"
	"sort"
)

// maxDepth bounds how deeply an answer may nest. Zoho's own go to six or so.
const maxDepth = 32

// object is a JSON object read without a schema: Zoho's pages disagree on the case of keys, on whether an
// id is a string or a number, and on whether details is an object or an array.
type object map[string]any

// decodeLoosely reads exactly one JSON value; numbers stay text, so that ids of 19 digits survive. A name
// that occurs twice in one object is an error: which of the two Zoho meant cannot be known.
func decodeLoosely(body []byte) (any, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !json.Valid(body) {
		var whole json.RawMessage
		return nil, json.Unmarshal(body, &whole) // says what is wrong, and where
	}
	w := walk{text: body}
	return w.value(0)
}

// get returns the value of key; without an exact match, that of the first key in order which differs from
// it by case or underscores alone (Locked_For__s, locked_for_s).
func (o object) get(key string) any {
	if v, ok := o[key]; ok {
		return v
	}
	var alike []string
	for k := range o {
		if sameKey(k, key) {
			alike = append(alike, k)
		}
	}
	if len(alike) == 0 {
		return nil
	}
	sort.Strings(alike)
	return o[alike[0]]
}

// has reports whether key is there, by the rules of get.
func (o object) has(key string) bool {
	for k := range o {
		if sameKey(k, key) {
			return true
		}
	}
	return false
}

// text returns a string or a number as text, and "" for anything else.
func (o object) text(key string) string { return textOf(o.get(key)) }

// object returns the object under key, or nil.
func (o object) object(key string) object {
	inner, _ := o.get(key).(object)
	return inner
}

// id returns an id, which stands as text, as a number, or within an object of its own.
func (o object) id(key string) string {
	if inner := o.object(key); inner != nil {
		return inner.text("id")
	}
	return o.text(key)
}

// user returns the person under key, with a name of a length that a person's may have.
func (o object) user(key string) User {
	inner := o.object(key)
	return User{ID: inner.text("id"), Name: cut(inner.text("name"))}
}

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// first returns v itself when it is an object, or the first object of an array (of arrays) that it is.
func first(v any) object {
	for {
		switch inner := v.(type) {
		case object:
			return inner
		case []any:
			if len(inner) == 0 {
				return nil
			}
			v = inner[0]
		default:
			return nil
		}
	}
}

// sameKey compares ASCII names without regard to case and underscores.
func sameKey(a, b string) bool {
	for {
		a, b = skipUnderscores(a), skipUnderscores(b)
		if a == "" || b == "" {
			return a == b
		}
		if lower(a[0]) != lower(b[0]) {
			return false
		}
		a, b = a[1:], b[1:]
	}
}

func skipUnderscores(s string) string {
	for s != "" && s[0] == '_' {
		s = s[1:]
	}
	return s
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
