package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// configurationKey is the key under which bodies and answers hold configurations.
const configurationKey = "record_locking_configurations"

// section is an object within a configuration's body, and where it stands there.
type section struct {
	path string
	keys map[string]json.RawMessage
}

// onlyConfiguration is the one configuration that a body may hold.
func onlyConfiguration(body []byte) (section, *answer) {
	var doc map[string]json.RawMessage
	details := object{"api_name": configurationKey, "json_path": "$." + configurationKey}
	var a answer
	if len(body) > maxBody || json.Unmarshal(body, &doc) != nil {
		a = refuse(http.StatusBadRequest, "INVALID_DATA", object{"expected_data_type": "jsonobject"}, "body")
		return section{}, &a
	}
	var list []json.RawMessage
	err := json.Unmarshal(doc[configurationKey], &list)
	switch {
	case err == nil && len(list) == 1:
		p := section{path: "$." + configurationKey + "[0]"}
		if json.Unmarshal(list[0], &p.keys) == nil && p.keys != nil {
			return p, nil
		}
		details["expected_data_type"] = "jsonobject"
		details["json_path"] = p.path
		a = refuse(http.StatusBadRequest, "INVALID_DATA", details, "invalid data")
	case len(list) > 1:
		details["maximum_length"] = 1
		a = refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", details, "invalid data")
	case err != nil && doc[configurationKey] != nil:
		details["expected_data_type"] = "jsonarray"
		a = refuse(http.StatusBadRequest, "INVALID_DATA", details, "invalid data")
	default:
		a = refuse(http.StatusBadRequest, "MANDATORY_NOT_FOUND", details, "required field not found")
	}
	return section{}, &a
}

// refuseSetting is an error inside record_locking_configurations[0].
func refuseSetting(code string, details object, message string) *answer {
	row := envelope{code, details, message, "error"}
	return &answer{status: http.StatusBadRequest, code: code, body: encode(object{configurationKey: []envelope{row}})}
}

func (p section) at(key string) string { return p.path + "." + key }

// has reports whether the key is there at all, given whether it holds anything.
func (p section) has(key string) bool {
	_, ok := p.keys[key]
	return ok
}

func (p section) given(key string) bool {
	raw, ok := p.keys[key]
	return ok && strings.TrimSpace(string(raw)) != "null"
}

// wrong is what Zoho says of a key that is at fault.
func (p section) wrong(code, key, message string, more object) *answer {
	return p.wrongAt(code, key, p.at(key), message, more)
}

func (p section) wrongAt(code, key, path, message string, more object) *answer {
	details := object{"api_name": key, "json_path": path}
	for k, v := range more {
		details[k] = v
	}
	return refuseSetting(code, details, message)
}

func (p section) missing(key string) *answer {
	return p.wrong("MANDATORY_NOT_FOUND", key, "required field not found", nil)
}

func (p section) mistyped(key, kind string) *answer {
	return p.wrong("INVALID_DATA", key, "invalid data", object{"expected_data_type": kind})
}

// dependent is what Zoho says of a key that another one's value asks for.
func (p section) dependent(key, dependee, message string) *answer {
	return p.wrong("DEPENDENT_FIELD_MISSING", key, message,
		object{"dependee": object{"api_name": dependee, "json_path": p.at(dependee)}})
}

// pair names two keys of p, as errors about fields do.
func (p section) pair() []object {
	return []object{
		{"api_name": "api_name", "json_path": p.at("api_name")}, {"api_name": "id", "json_path": p.at("id")},
	}
}

func (p section) text(key string, into *string) *answer {
	if p.given(key) && json.Unmarshal(p.keys[key], into) != nil {
		return p.mistyped(key, "text")
	}
	return nil
}

func (p section) truth(key string, into *bool) *answer {
	if p.given(key) && json.Unmarshal(p.keys[key], into) != nil {
		return p.mistyped(key, "boolean")
	}
	return nil
}

// id reads an id, which the documents call a long and write as a string.
func (p section) id(key string) (string, *answer) {
	if !p.given(key) {
		return "", nil
	}
	id := strings.Trim(strings.TrimSpace(string(p.keys[key])), `"`)
	if !digits(id) {
		return "", p.mistyped(key, "long")
	}
	return id, nil
}

func (p section) oneOf(key string, into *string, supported []string) *answer {
	word := *into
	if a := p.text(key, &word); a != nil {
		return a
	}
	if p.given(key) && !slices.Contains(supported, word) {
		return p.wrong("INVALID_DATA", key, key+" not found", object{"supported_values": supported})
	}
	*into = word
	return nil
}

func (p section) list(key string) ([]json.RawMessage, *answer) {
	var list []json.RawMessage
	if p.given(key) && json.Unmarshal(p.keys[key], &list) != nil {
		return nil, p.mistyped(key, "jsonarray")
	}
	return list, nil
}

// words reads a list of words, each of which must be among those supported.
func (p section) words(key string, supported []string, message string) ([]string, *answer) {
	list, a := p.list(key)
	if a != nil {
		return nil, a
	}
	var words []string
	for i, raw := range list {
		var word string
		if json.Unmarshal(raw, &word) != nil || !slices.Contains(supported, word) {
			return nil, p.wrongAt("INVALID_DATA", key, p.element(key, i), message, object{"supported_values": supported})
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words, nil
}

func (p section) element(key string, i int) string { return p.at(key) + "[" + strconv.Itoa(i) + "]" }

// parts reads a list of at most limit objects; 0 means any number.
func (p section) parts(key string, limit int, what string) ([]section, *answer) {
	list, a := p.list(key)
	if a != nil {
		return nil, a
	}
	if limit > 0 && len(list) > limit {
		return nil, p.tooMany(key, what, limit, limit)
	}
	parts := make([]section, len(list))
	for i, raw := range list {
		parts[i].path = p.element(key, i)
		if json.Unmarshal(raw, &parts[i].keys) != nil || parts[i].keys == nil {
			return nil, p.wrongAt("INVALID_DATA", key, parts[i].path, "invalid data", object{"expected_data_type": "jsonobject"})
		}
	}
	return parts, nil
}

func (p section) tooMany(key, what string, limit, available int) *answer {
	return p.wrong("LIMIT_EXCEEDED", key, "Maximum limit for "+what+" exceeded",
		object{"limit": limit, "available_limit": available})
}

// named reads something that is known by its id or else by its name.
func (p section) named(message string, find func(id, name string) (named, bool)) (named, *answer) {
	id, a := p.id("id")
	if a != nil {
		return named{}, a
	}
	key, name := "id", ""
	if id == "" {
		key = "name"
		if !p.given(key) {
			key = "api_name"
		}
		if a := p.text(key, &name); a != nil {
			return named{}, a
		}
		if name == "" {
			return named{}, p.missing("id")
		}
	}
	found, ok := find(id, name)
	if !ok {
		return named{}, p.wrong("INVALID_DATA", key, message, nil)
	}
	return found, nil
}

// readField finds the place in the catalogue of the field that p names by
// api_name, id or both, and the key by which it was found. Where one that is
// valid is enough, as in criteria, the other may be unknown.
func (m *module) readField(p section, all []column, oneIsEnough bool) (int, string, *answer) {
	id, a := p.id("id")
	name := ""
	if a == nil {
		a = p.text("api_name", &name)
	}
	if a != nil {
		return -1, "", a
	}
	if id == "" && name == "" {
		return -1, "", refuseSetting("EXPECTED_FIELD_MISSING", object{"expected_fields": p.pair()}, "Field Id and apiname is missing.")
	}
	byName, byID := fieldNamed(all, name), m.fieldNumbered(all, id)
	switch {
	case byName >= 0 && byID >= 0 && byName != byID:
		return -1, "", refuseSetting("AMBIGUITY_DURING_PROCESSING", object{"ambiguity_due_to": p.pair()}, "Field Id and apiname are ambiguous")
	case byName >= 0 && (byID >= 0 || id == "" || oneIsEnough):
		return byName, "api_name", nil
	case byID >= 0 && (name == "" || oneIsEnough):
		return byID, "id", nil
	case byName < 0 && name != "":
		return -1, "", p.wrong("INVALID_DATA", "api_name", "field not found", nil)
	}
	return -1, "", p.wrong("INVALID_DATA", "id", "field not found", nil)
}
