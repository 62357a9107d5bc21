package cli

import (
	"errors"
	"strings"
)

// splitWords parts a command into words as a shell would, and does nothing else that a shell does:
// no variables, no patterns, no pipes. Blanks part words; '…' and "…" hold a word together; outside
// of '…' a backslash takes the meaning from a quote, a backslash or a blank, and is itself before
// anything else, as paths of Windows have it. The error says what does not end.
func splitWords(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	begun := false
	quote := rune(0)
	runes := []rune(s)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case r == '\\' && i+1 < len(runes) && escapable(runes[i+1], quote):
			i++
			word.WriteRune(runes[i])
			begun = true
		case r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case quote == 0 && (r == ' ' || r == '\t'):
			if begun {
				words = append(words, word.String())
				word.Reset()
				begun = false
			}
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}

// escapable says whether a backslash before r, within quote, takes r's meaning away.
func escapable(r, quote rune) bool {
	switch quote {
	case '\'':
		return false
	case '"':
		return r == '"' || r == '\\'
	}
	return strings.ContainsRune(`'"\ `, r)
}
