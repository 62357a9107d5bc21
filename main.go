// Command zlock locks and unlocks Zoho CRM records in bulk, from job files.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // so that --tz knows its zones on every machine

	"zlock/cli"
)

func main() {
	cli.HideMemory()
	signals := make(chan os.Signal, 4)
	// Left to Go, SIGQUIT (Ctrl-\) would end a run with 2, which says that nothing was sent.
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	if !signal.Ignored(syscall.SIGHUP) { // under nohup it stays ignored
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE) // a reader that goes away must not end a run
	os.Exit(cli.Main(context.Background(), os.Args[1:], cli.Process(signals)))
}
