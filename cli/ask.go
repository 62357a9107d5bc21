package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"zlock/batch"
)

// askAbove is how many rows a person is asked about.
const askAbove = 100

// ask wants a yes from a person before many records of a real org are changed. Where nobody
// sits at a terminal nobody is asked.
func (l *launch) ask(ctx context.Context, sum batch.Summary) error {
	rows := sum.Rows - sum.Duplicates - sum.Invalid
	if l.yes || l.org.simulated || l.org.typed || l.name == "-" || !l.world.InTerminal || !l.world.ErrTerminal || rows <= askAbove {
		return nil
	}
	question := fmt.Sprintf("Carry out %s against %s?", counted(rows, "row", "rows"), l.org.describe())
	return l.agree(ctx, question, usage("declined: nothing was sent, and no run is left", "--yes answers in advance"))
}

// agree wants a yes from a person; anything else they say is the error declined.
func (a *app) agree(ctx context.Context, question string, declined error) error {
	a.screen.ask("%s", question)
	answer, err := readLine(ctx, a.world.In)
	if err != nil {
		return err
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer == "y" || answer == "yes" {
		return nil
	}
	return declined
}

// readLine reads to the end of a line, or until ctx ends: then the reading is left behind.
func readLine(ctx context.Context, in io.Reader) (string, error) {
	type read struct {
		line string
		err  error
	}
	done := make(chan read, 1)
	go func() {
		var line []byte
		var one [1]byte
		for len(line) < 1000 {
			n, err := in.Read(one[:])
			if n > 0 && one[0] != '\n' {
				line = append(line, one[0])
				continue
			}
			if err != nil && !errors.Is(err, io.EOF) {
				done <- read{"", fmt.Errorf("read answer: %w", err)}
				return
			}
			if n > 0 || err != nil {
				break
			}
		}
		done <- read{string(line), nil}
	}()
	select {
	case r := <-done:
		return r.line, r.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
