package report

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"math/big"
	"math/bits"
	"strconv"
)

// Totals are control totals over the record ids of some rows, in input order: two lists of rows are
// the same if count, sum and hash are.
type Totals struct {
	Rows    int64 // rows with a record id
	Without int64 // rows without a readable one, which are in neither sum nor hash

	high, low uint64 // the sum
	hash      hash.Hash
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
	var carry uint64
	t.low, carry = bits.Add64(t.low, n, 0)
	t.high += carry
	t.hash.Write([]byte(id + "\n")) // hash.Hash never returns an error
}

// parseID reads a record id as Zoho gives them: 1 to 19 digits.
func parseID(id string) (uint64, bool) {
	if len(id) > 19 {
		return 0, false
	}
	n, err := strconv.ParseUint(id, 10, 64) // digits alone: it takes no sign
	return n, err == nil
}

// Sum is the sum of the ids, in full.
func (t *Totals) Sum() string {
	sum := new(big.Int).SetUint64(t.high)
	return sum.Lsh(sum, 64).Add(sum, new(big.Int).SetUint64(t.low)).String()
}

// Hash is the SHA-256, in hex, of the ids, each followed by a line feed.
func (t *Totals) Hash() string { return hex.EncodeToString(t.hash.Sum(nil)) }
