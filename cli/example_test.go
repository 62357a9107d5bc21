package cli_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"zlock/cli"
)

// A job file is rehearsed, and a script sees by the exit code how that went.
func ExampleMain() {
	dir, err := os.MkdirTemp("", "zlock-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	job := "record_id,module,action,reason\n5843104000000101001,Deals,lock,Audit of May\n"
	if err := os.WriteFile(filepath.Join(dir, "job.csv"), []byte(job), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	world := cli.World{Out: os.Stdout, Err: io.Discard, Dir: dir, Environ: []string{"HOME=" + dir}}
	fmt.Println("exit code", cli.Main(context.Background(), []string{"run", "job.csv", "--simulate"}, world))
	// Output: exit code 0
}
