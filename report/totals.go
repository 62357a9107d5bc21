package report

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"math/big"
)

// Totals are control totals over the record ids of some rows, in input order: two lists of rows are
// the same if count, sum and hash are.
type Totals struct {
	Rows    int64 // rows with a record id
	Without int64 // rows without a readable one, which are in neither sum nor hash

	sum  big.Int
	hash hash.Hash
}

func newTotals() *Totals { return &Totals{hash: sha256.New()} }

// add counts a row in.
func (t *Totals) add(id string) {
	n, ok := parseID(id)
	if !ok {
		t.Without++
		return
	}
	t.Rows++
	t.sum.Add(&t.sum, n)
	t.hash.Write([]byte(id + "\n")) // hash.Hash never returns an error
}

// parseID reads a record id as Zoho gives them: 1 to 19 digits.
func parseID(id string) (*big.Int, bool) {
	if id == "" || len(id) > 19 {
		return nil, false
	}
	for _, c := range id {
		if c < '0' || c > '9' {
			return nil, false
		}
	}
	return new(big.Int).SetString(id, 10)
}

// Sum is the sum of the ids, in full.
func (t *Totals) Sum() string { return t.sum.String() }

// Hash is the SHA-256, in hex, of the ids, each followed by a line feed.
func (t *Totals) Hash() string { return hex.EncodeToString(t.hash.Sum(nil)) }
