package report_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/report"
)

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "report")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	db, err := checkpoint.Open(ctx, filepath.Join(dir, "x.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	enrolment, err := db.Enrol(ctx, batch.Run{ID: runID, Org: "org"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = enrolment.Add(batch.Row{Seq: 1, Line: 2, Module: "Leads", RecordID: "17", Action: batch.ActionLock, Reason: "closed", Outcome: batch.Pending})
	run, err := enrolment.Finish(ctx, batch.Run{ID: runID, Org: "org"})
	if err != nil {
		fmt.Println(err)
		return
	}
	account, err := report.Gather(ctx, db, report.Subject{Run: run, State: string(run.State), Now: time.Now(), Zone: time.UTC}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var text bytes.Buffer
	if err := account.WriteMarkdown(&text); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Join(strings.SplitAfterN(text.String(), "\n", 9)[:8], ""))
	// Output:
	// ## zlock run 20260301-120000-abcd: enrolled
	//
	// **Not finished:** 1 row left to do.
	//
	// | Outcome | Meaning | Rows |
	// | --- | --- | ---: |
	// | pending | not carried out yet | 1 |
	// | **all** |  | **1** |
}
