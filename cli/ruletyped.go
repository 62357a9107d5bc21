package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"zlock/zoho"
)

// comparatorsTyped are other spellings of comparators that people will try.
var comparatorsTyped = map[string]string{
	"=": "equal", "==": "equal", "is": "equal", "equals": "equal", "!=": "not_equal", "<>": "not_equal", "not_equals": "not_equal",
	"<": "less_than", "<=": "less_equal", ">": "greater_than", ">=": "greater_equal",
}

var fieldTyped = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// ruleTyped reads a rule as --rule takes it: "Name: Field comparator value and Field comparator value".
// Comparisons are joined by and alone, or by or alone; a value that holds one of these words, or begins or
// ends with a blank, stands in double quotes; between takes from..to.
func ruleTyped(text string) (zoho.Rule, error) {
	name, rest, found := strings.Cut(text, ":")
	if name = strings.TrimSpace(name); !found || name == "" {
		return zoho.Rule{}, fmt.Errorf("give its name and a colon first")
	}
	words, err := wordsOf(rest)
	if err != nil {
		return zoho.Rule{}, err
	}
	parts, operator, err := comparisons(words)
	if err != nil {
		return zoho.Rule{}, err
	}
	group := make([]zoho.Criteria, 0, len(parts))
	for _, part := range parts {
		c, err := comparisonTyped(part)
		if err != nil {
			return zoho.Rule{}, err
		}
		group = append(group, c)
	}
	if len(group) == 1 {
		return zoho.Rule{Name: name, Criteria: &group[0]}, nil
	}
	return zoho.Rule{Name: name, Criteria: &zoho.Criteria{GroupOperator: operator, Group: group}}, nil
}

// ruleWord is a word of a rule; a quoted one is never and, or, or a comparator.
type ruleWord struct {
	text   string
	quoted bool
}

func wordsOf(text string) ([]ruleWord, error) {
	var words []ruleWord
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		if text[0] != '"' {
			word, rest := cutAtBlank(text)
			words, text = append(words, ruleWord{text: word}), rest
			continue
		}
		end := strings.IndexByte(text[1:], '"')
		if end < 0 {
			return nil, fmt.Errorf("a double quote is not closed")
		}
		words, text = append(words, ruleWord{text[1 : end+1], true}), text[end+2:]
	}
	return words, nil
}

func cutAtBlank(text string) (word, rest string) {
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}

// comparisons parts words at and, or at or.
func comparisons(words []ruleWord) (parts [][]ruleWord, operator string, err error) {
	parts = [][]ruleWord{nil}
	for _, w := range words {
		joint := strings.ToUpper(w.text)
		if w.quoted || joint != "AND" && joint != "OR" {
			last := len(parts) - 1
			parts[last] = append(parts[last], w)
			continue
		}
		if operator != "" && operator != joint {
			return nil, "", fmt.Errorf("it mixes and with or: write such a rule in a file, with -f")
		}
		operator, parts = joint, append(parts, nil)
	}
	return parts, operator, nil
}

func comparisonTyped(words []ruleWord) (zoho.Criteria, error) {
	if len(words) < 3 {
		return zoho.Criteria{}, fmt.Errorf("a comparison is a field, a comparator and a value, such as Stage equal \"Closed Won\"")
	}
	field, comparator := words[0].text, strings.ToLower(words[1].text)
	if !fieldTyped.MatchString(field) {
		return zoho.Criteria{}, fmt.Errorf("%q is no field's API name", clean(field))
	}
	if known, ok := comparatorsTyped[comparator]; ok {
		comparator = known
	}
	if !slices.Contains(zoho.Comparators(), comparator) {
		return zoho.Criteria{}, fmt.Errorf("%q is no comparator%s", clean(comparator), didYouMean(comparator, zoho.Comparators()))
	}
	var texts []string
	for _, w := range words[2:] {
		texts = append(texts, w.text)
	}
	value, err := valueTyped(comparator, strings.Join(texts, " "))
	return zoho.Criteria{Comparator: comparator, Field: zoho.Ref{APIName: field}, Value: value, HasValue: true}, err
}

func valueTyped(comparator, text string) (any, error) {
	switch comparator {
	case "between", "not_between":
		from, to, ok := strings.Cut(text, "..")
		if !ok {
			return nil, fmt.Errorf("%s takes two values: from..to", comparator)
		}
		return []any{strings.TrimSpace(from), strings.TrimSpace(to)}, nil
	case "in", "not_in":
		var list []any
		for part := range strings.SplitSeq(text, ",") {
			list = append(list, strings.TrimSpace(part))
		}
		return list, nil
	}
	return text, nil
}
