package checkpoint

import (
	"context"
	"fmt"
)

// Check looks for damage in the file, beside whoever works with it; its time grows with the file. The
// error is a *DamagedError where there is some.
func (d *DB) Check(ctx context.Context) error {
	if err := d.quickCheck(ctx); err != nil {
		return fmt.Errorf("check checkpoint: %w", explain(d.path, err))
	}
	return nil
}
