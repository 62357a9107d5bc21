package batch_test

import (
	"context"
	"fmt"
	"strings"

	"zlock/batch"
)

// A job file is read whole, and every fault in it is named, before anything is sent.
func ExampleRead() {
	in := strings.NewReader("Record Id,Module,Action,Reason\n" +
		"zcrm_5843104000000425565,Deals,lock,Quarter closed\n" +
		"5.8431E+18,Deals,lock,Quarter closed\n" +
		"5843104000000425577,Deals,lokc,Quarter closed\n")
	src, err := batch.Open(context.Background(), "-", in, batch.ReadOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = src.Close() }()
	sum, err := batch.Read(context.Background(), src, batch.ReadOptions{
		OnFault: func(f batch.Fault) { fmt.Printf("line %d, %s: %s\n", f.Line, f.Column, f.Code) },
	}, nil)
	fmt.Println(sum.Rows, "rows,", sum.Faults, "faults,", err)
	// Output:
	// line 3, Record Id: ID_DAMAGED
	// line 4, Action: ACTION_UNKNOWN
	// 3 rows, 2 faults, <nil>
}
