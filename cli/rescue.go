package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"zlock/batch"
)

// rescuedResult is one outcome in an emergency file.
type rescuedResult struct {
	Run        string        `json:"run"`
	Row        int64         `json:"row"`
	Outcome    batch.Outcome `json:"outcome"`
	Code       string        `json:"code,omitempty"`
	HTTP       int           `json:"http,omitempty"`
	Message    string        `json:"message,omitempty"`
	LockID     string        `json:"lock_id,omitempty"`
	FinishedAt *time.Time    `json:"finished_at,omitempty"`
}

// appendResults adds results to a file that only its owner can read, in one durable write.
func appendResults(path, runID string, results []batch.Result) error {
	var lines bytes.Buffer
	for _, r := range results {
		err := writeJSON(&lines, rescuedResult{
			Run: runID, Row: r.Seq, Outcome: r.Outcome, Code: r.Code, HTTP: r.HTTP, Message: r.Message,
			LockID: r.LockID, FinishedAt: instant(r.FinishedAt),
		})
		if err != nil {
			return err
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("write emergency file: %w", err)
	}
	_, err = file.Write(lines.Bytes())
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write emergency file: %w", err)
	}
	return nil
}
