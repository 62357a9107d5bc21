package checkpoint

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"zlock/batch"
)

// seqBits is how much of a row's key is its seq; the rest is the number of its run. One integer for
// a key makes the rows of a run neighbours, and is smaller and quicker than two columns.
const seqBits = 32

// maxSeq is the highest seq of a row.
const maxSeq = 1<<seqBits - 1

// rowKey returns the key of a row of run n.
func rowKey(n, seq int64) int64 { return n<<seqBits | seq }

// seqOf returns the seq in a row's key.
func seqOf(key int64) int64 { return key & maxSeq }

// keys returns the keys between which, both included, all rows of run n lie.
func keys(n int64) (first, last int64) { return rowKey(n, 1), rowKey(n, maxSeq) }

// stamp is a time as a column holds it: nanoseconds since 1970, or NULL for the zero time.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

// moment is the time in a column; the zero time for NULL.
func moment(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.Unix(0, n.Int64).UTC()
}

// text is a string as a column holds it: NULL for "".
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// number is a count as a column holds it: NULL for 0.
func number(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// clipMost is how many bytes of a message of others are kept.
const clipMost = 1000

// clip shortens what others wrote to a length fit for a cell, and to valid UTF-8.
func clip(s string) any {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > clipMost {
		cut := clipMost - len("…")
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return text(s)
}

// recordID is a record id as a column holds it: a number, which is smaller and compares well; only
// an invalid row may hold something else.
func recordID(id string) any {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != id {
		return text(id)
	}
	return n
}

// encode writes v as JSON for a column.
func encode(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// encodeCells writes a row's own columns; NULL where it has none.
func encodeCells(cells []string) (any, error) {
	if len(cells) == 0 {
		return nil, nil
	}
	return encode(cells)
}

// decodeCells reads what encodeCells wrote. Without a backslash, quotes stand around cells only: then
// cutting there finds the same as reading JSON, in a tenth of the time.
func decodeCells(column string) ([]string, error) {
	within, opened := strings.CutPrefix(column, `["`)
	within, closed := strings.CutSuffix(within, `"]`)
	if opened && closed && strings.IndexByte(within, '\\') < 0 {
		return strings.Split(within, `","`), nil
	}
	var cells []string
	err := decode(column, &cells)
	return cells, err
}

// encodePrevious writes the lock as it was; NULL where there is none.
func encodePrevious(p *batch.Previous) (any, error) {
	if p == nil {
		return nil, nil
	}
	return encode(p)
}

// encodeExpect writes how a row must find its record; NULL where it expects nothing.
func encodeExpect(e *batch.Expect) (any, error) {
	if e == nil {
		return nil, nil
	}
	return encode(e)
}

// decode reads JSON from a column into v; NULL and "" leave it as it is.
func decode(column string, v any) error {
	if column == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(column), v); err != nil {
		return fmt.Errorf("stored JSON: %w", err)
	}
	return nil
}
