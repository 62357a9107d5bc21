package zoho

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// RecordState is what a bulk read tells of one record and its last change.
type RecordState struct {
	Lock       LockState
	ModifiedAt time.Time // Zoho's clock, to the second; zero where Zoho does not say
	ModifiedBy User      // zero where Zoho does not say
}

// RecordStates is LockStates that also tells when each record was last changed, and by whom. It costs 1
// credit, however many they are, and fails as LockStates does. It follows the page "Get Records".
func (c *Client) RecordStates(ctx context.Context, module string, ids []string) ([]RecordState, error) {
	k := call{op: OpBulkRead, record: Record{Module: module}, method: http.MethodGet, path: "/" + module, price: 1}
	if e := checkBulk(k, ids); e != nil {
		return nil, e
	}
	k.query = "fields=id,Locked__s,Modified_Time,Modified_By&ids=" + strings.Join(ids, ",")
	if strings.EqualFold(module, "Leads") {
		k.query += "&converted=both"
	}
	var states []RecordState
	k.read = func(a *answer) error {
		found := make([]RecordState, len(ids))
		for i := range found {
			found[i].Lock = StateAbsent
		}
		err := matchRows(a, ids, func(i int, o object) {
			found[i] = RecordState{stateOf(o), timeOf(o.text("Modified_Time")), o.user("Modified_By")}
		})
		if err == nil {
			states = found
		}
		return err
	}
	if err := c.do(ctx, k); err != nil {
		return nil, err
	}
	return states, nil
}
