package zoho

import (
	"context"
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
	return bulkRead(ctx, c, module, ids, "id,Locked__s,Modified_Time,Modified_By", RecordState{Lock: StateAbsent}, func(o object) RecordState {
		return RecordState{stateOf(o), timeOf(o.text("Modified_Time")), o.user("Modified_By")}
	})
}
