package cli

import (
	"context"
	"fmt"
	"strings"

	"zlock/batch"
)

// oneRow is a row that was typed instead of written into a job file. It is read by the very reader
// that job files go through, so that ids, modules and reasons are taken, and refused, alike.
type oneRow struct {
	RecordID string       `json:"record_id"`
	Module   string       `json:"module"`
	Action   batch.Action `json:"action"`
	LockID   string       `json:"lock_id,omitempty"`
}

// open makes a job file of the row.
func (o oneRow) open(ctx context.Context, reading batch.ReadOptions) (batch.Source, error) {
	line, err := encodeJSON(o)
	if err != nil {
		return batch.Source{}, err
	}
	return batch.Open(ctx, "-", strings.NewReader(string(line)+"\n"), reading)
}

// readOne reads a job file of one typed row into sink (which may be nil). What is wrong with the row
// is a mistake in what was typed.
func readOne(ctx context.Context, src batch.Source, reading batch.ReadOptions, sink batch.Sink) (batch.Summary, error) {
	var faults []batch.Fault
	reading.OnFault = func(f batch.Fault) { faults = append(faults, f) }
	sum, err := batch.Read(ctx, src, reading, sink)
	if err == nil && len(faults) > 0 {
		err = typedWrong(faults[0])
	}
	return sum, err
}

// typedWrong is a fault of a typed row as a mistake of usage.
func typedWrong(f batch.Fault) error {
	hint := f.Hint
	if f.Value == "" {
		hint = "zlock COMMAND MODULE ID, such as Deals 5843104000000425565"
	}
	return usage(fmt.Sprintf("%s: %s", clean(orElse(f.Value, f.Column)), clean(f.Message)), hint)
}

// recordTyped reads a module and a record's id as a job file would.
func recordTyped(ctx context.Context, module, id string, reading batch.ReadOptions) (batch.Row, error) {
	src, err := oneRow{RecordID: id, Module: module, Action: batch.ActionUnlock}.open(ctx, reading)
	if err != nil {
		return batch.Row{}, err
	}
	defer func() { _ = src.Close() }()
	sum, err := readOne(ctx, src, reading, nil)
	if err != nil {
		return batch.Row{}, err
	}
	return sum.Sample[0], nil
}
