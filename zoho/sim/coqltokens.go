package sim

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind tells words from texts in quotes and from signs.
type tokenKind int

const (
	endToken tokenKind = iota
	wordToken
	textToken
	signToken
)

type queryToken struct {
	kind   tokenKind
	text   string
	column int // from 1, in characters
	line   int
}

// is reports whether the token is the keyword, which is given in lower case.
func (t queryToken) is(keyword string) bool {
	return t.kind == wordToken && strings.EqualFold(t.text, keyword)
}

func syntaxError(details object, message string) *answer {
	a := refuse(http.StatusBadRequest, "SYNTAX_ERROR", details, message)
	return &a
}

func queryError(details object, message string) *answer {
	a := refuse(http.StatusBadRequest, "INVALID_QUERY", details, message)
	return &a
}

// unexpected is the answer to a token that cannot stand where it does.
func (t queryToken) unexpected() *answer {
	if t.kind == endToken {
		return syntaxError(object{"near": t.text}, "error occured while parsing the query")
	}
	return syntaxError(object{"line": t.line, "column": t.column, "near": t.text}, "unexpected token")
}

// splitQuery cuts a query into tokens, the last of which is the end.
func splitQuery(text string) ([]queryToken, *answer) {
	var list []queryToken
	line, column, last := 1, 1, ""
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if unicode.IsSpace(r) {
			at, column = at+size, column+1
			if r == '\n' {
				line, column = line+1, 1
			}
			continue
		}
		t, length := cutToken(text[at:], r)
		t.line, t.column = line, column
		if length == 0 {
			t.text = text[at : at+size]
			return nil, t.unexpected()
		}
		last = text[at : at+length]
		list = append(list, t)
		at, column = at+length, column+utf8.RuneCountInString(last)
	}
	return append(list, queryToken{kind: endToken, text: last, line: line}), nil
}

// cutToken takes the first token off s, which begins with r; length 0 for none.
func cutToken(s string, r rune) (t queryToken, length int) {
	switch {
	case r == '\'' || r == '"':
		return cutText(s)
	case isWordRune(r):
		end := strings.IndexFunc(s, func(r rune) bool { return !isWordRune(r) })
		if end < 0 {
			end = len(s)
		}
		return queryToken{kind: wordToken, text: s[:end]}, end
	}
	for _, sign := range []string{"!=", ">=", "<=", "<>", "=", ">", "<", "(", ")", ",", "*"} {
		if strings.HasPrefix(s, sign) {
			return queryToken{kind: signToken, text: sign}, len(sign)
		}
	}
	return queryToken{}, 0
}

// cutText takes a text in quotes; the quote is doubled within it.
func cutText(s string) (queryToken, int) {
	quote := s[0]
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != quote:
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == quote:
			b.WriteByte(quote)
			i++
		default:
			return queryToken{kind: textToken, text: b.String()}, i + 1
		}
	}
	return queryToken{}, 0
}

// isWordRune takes in names, numbers, and times without quotes.
func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_$.:+-", r)
}
