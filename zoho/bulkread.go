package zoho

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// MaxBulkIDs is how many records one bulk read may name. Zoho gives no figure for this call: 100 is that
// of its siblings, and 50 what one of its descriptions has room for.
const MaxBulkIDs = 100

// SureBulkIDs is how many records a bulk read surely looks at; whether it looks at more, its answer shows.
const SureBulkIDs = 50

// Overlooked returns how many of the last records of a bulk read its answer may not be about. Where none of those
// beyond SureBulkIDs is there, the server may overlook, in silence, what a list of ids holds past its own limit: they are
// to be asked for again, by themselves.
func Overlooked(states []LockState) int {
	return overlooked(states, func(s LockState) bool { return s == StateAbsent })
}

// OverlookedRecords is Overlooked for RecordStates.
func OverlookedRecords(states []RecordState) int {
	return overlooked(states, func(s RecordState) bool { return s.Lock == StateAbsent })
}

func overlooked[S any](states []S, absent func(S) bool) int {
	if len(states) <= SureBulkIDs || slices.ContainsFunc(states[SureBulkIDs:], func(s S) bool { return !absent(s) }) {
		return 0
	}
	return len(states) - SureBulkIDs
}

// LockState is what a bulk read tells of one record.
type LockState int

// The states.
const (
	StateUnsaid   LockState = iota // it is there; whether it is locked was not said
	StateAbsent                    // no such record, or hidden from the user
	StateLocked                    // locked, by hand or by a rule
	StateUnlocked                  // not locked
)

// LockStates tells of up to MaxBulkIDs records of one module whether they are there and whether they are
// locked, in the order of ids. It costs 1 credit, however many they are. It follows the page "Get
// Records", parameters ids, fields and, for leads, converted: a converted lead is there too. More ids
// than the server takes give an Error with code LIMIT_EXCEEDED.
func (c *Client) LockStates(ctx context.Context, module string, ids []string) ([]LockState, error) {
	return bulkRead(ctx, c, module, ids, "id,Locked__s", StateAbsent, stateOf)
}

// bulkRead asks for fields of the records, and returns for each id what of makes of its row; absent where
// the answer has none.
func bulkRead[S any](ctx context.Context, c *Client, module string, ids []string, fields string, absent S, of func(row object) S) ([]S, error) {
	k := recordsCall(OpBulkRead, module, fields)
	if err := checkBulk(k, ids); err != nil {
		return nil, err
	}
	k.query += "&ids=" + strings.Join(ids, ",")
	var states []S
	k.read = func(a *answer) error {
		states = slices.Repeat([]S{absent}, len(ids))
		return matchRows(a, ids, func(i int, row object) { states[i] = of(row) })
	}
	if err := c.do(ctx, k); err != nil {
		return nil, err
	}
	return states, nil
}

// recordsCall asks a module for fields of its records, converted leads among them.
func recordsCall(op, module, fields string) call {
	k := call{op: op, record: Record{Module: module}, method: http.MethodGet, path: "/" + module, query: "fields=" + fields, price: 1}
	if strings.EqualFold(module, "Leads") {
		k.query += "&converted=both"
	}
	return k
}

func checkBulk(k call, ids []string) error {
	if err := checkModule(k); err != nil {
		return err
	}
	if len(ids) == 0 || len(ids) > MaxBulkIDs {
		return refuseHere(k, RequestRefused, fmt.Sprintf("%d ids: a bulk read takes 1 to %d", len(ids), MaxBulkIDs))
	}
	for _, id := range ids {
		if !isID(id) {
			return refuseHere(k, RequestRefused, "a record id is not 1 to 19 digits")
		}
	}
	return nil
}

// matchRows calls found for each of the ids that the answer has a row of. An answer that is about other records,
// or goes on elsewhere, is not believed: what it leaves out would be taken for records that do not exist.
func matchRows(a *answer, ids []string, found func(i int, row object)) error {
	if a.status == http.StatusNoContent {
		return nil
	}
	top := first(a.value)
	rows, ok := top.get("data").([]any)
	if !ok {
		return errors.New("the answer holds no data")
	}
	if more, _ := top.object("info").get("more_records").(bool); more {
		return errors.New("the answer is not whole: it says that more records follow")
	}
	at := make(map[string][]int, len(ids))
	for i, id := range ids {
		at[plainID(id)] = append(at[plainID(id)], i)
	}
	for _, row := range rows {
		o, _ := row.(object)
		asked, ok := at[plainID(o.text("id"))]
		if !ok {
			return errors.New("the answer is about a record that was not asked for")
		}
		for _, i := range asked {
			found(i, o)
		}
	}
	return nil
}

// stateOf reads Locked__s; a record without it, as of a module that cannot be locked, says nothing.
func stateOf(o object) LockState {
	locked, said := o.get("Locked__s").(bool)
	switch {
	case !said:
		return StateUnsaid
	case locked:
		return StateLocked
	}
	return StateUnlocked
}

// plainID is an id without leading zeros, for comparing.
func plainID(id string) string { return strings.TrimLeft(id, "0") }
