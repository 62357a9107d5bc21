package zoho

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// walk goes through a JSON text that is known to be valid, several times as fast as a json.Decoder's
// tokens: every answer of Zoho's is read so.
type walk struct {
	text []byte
	at   int // the next byte
}

// next skips blanks, and the commas and colons of a valid text, and returns the byte after them.
func (w *walk) next() byte {
	for {
		switch c := w.text[w.at]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			w.at++
		default:
			return c
		}
	}
}

func (w *walk) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	switch w.next() {
	case '{':
		return w.object(depth)
	case '[':
		return w.array(depth)
	case '"':
		return w.string()
	case 't':
		w.at += len("true")
		return true, nil
	case 'f':
		w.at += len("false")
		return false, nil
	case 'n':
		w.at += len("null")
		return nil, nil
	}
	return w.number(), nil
}

func (w *walk) object(depth int) (any, error) {
	o := object{}
	for w.at++; w.next() != '}'; {
		key, err := w.name()
		if err != nil {
			return nil, err
		}
		if _, twice := o[key]; twice {
			return nil, fmt.Errorf("the name %.40q twice in one object", key)
		}
		if o[key], err = w.value(depth + 1); err != nil {
			return nil, err
		}
	}
	w.at++
	return o, nil
}

func (w *walk) array(depth int) (any, error) {
	array := []any{}
	for w.at++; w.next() != ']'; {
		v, err := w.value(depth + 1)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
	}
	w.at++
	return array, nil
}

// commonNames are those of most answers: there is no need of a copy of each in every one of them.
var commonNames = map[string]string{
	"data": "data", "code": "code", "status": "status", "message": "message", "details": "details",
	"id": "id", "name": "name", "Created_By": "Created_By", "Created_Time": "Created_Time", "info": "info",
}

// name is string for the name of a member.
func (w *walk) name() (string, error) {
	quoted, plain := w.quoted()
	if plain {
		if name, ok := commonNames[string(quoted[1:len(quoted)-1])]; ok {
			return name, nil
		}
	}
	return textWithin(quoted, plain)
}

// string returns the text between quotes.
func (w *walk) string() (string, error) { return textWithin(w.quoted()) }

// quoted returns the text with its quotes, and whether it is without escapes.
func (w *walk) quoted() (text []byte, plain bool) {
	from := w.at
	plain = true
	for w.at++; w.text[w.at] != '"'; w.at++ {
		if w.text[w.at] == '\\' {
			w.at++
			plain = false
		}
	}
	w.at++
	return w.text[from:w.at], plain
}

// textWithin returns the text between quotes; one with escapes, or bytes that are no UTF-8, as encoding/json
// reads it.
func textWithin(quoted []byte, plain bool) (string, error) {
	if plain && utf8.Valid(quoted) {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	var s string
	err := json.Unmarshal(quoted, &s)
	return s, err
}

func (w *walk) number() json.Number {
	from := w.at
	for w.at < len(w.text) && isOfNumber(w.text[w.at]) {
		w.at++
	}
	return json.Number(w.text[from:w.at])
}

func isOfNumber(c byte) bool {
	return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}
