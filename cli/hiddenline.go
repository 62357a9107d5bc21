package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// mostHidden is how long a line that is typed unseen may be, in bytes.
const mostHidden = 4096

// readHidden reads a line from the terminal without showing it. When ctx ends, showing is turned on again
// and the reading left behind.
func readHidden(ctx context.Context) (string, error) {
	type read struct {
		line []byte
		err  error
	}
	fd := int(os.Stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read without showing: %w", err)
	}
	done := make(chan read, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		done <- read{line, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return "", fmt.Errorf("read without showing: %w", r.err)
		}
		return string(r.line), nil
	case <-ctx.Done():
		_ = term.Restore(fd, before)
		return "", context.Cause(ctx)
	}
}

// question asks a person for a line, and returns what they typed without blanks around it.
func (a *app) question(ctx context.Context, text string) (string, error) {
	_, _ = fmt.Fprint(a.screen, text)
	a.screen.flush()
	line, err := readLine(ctx, a.world.In)
	return strings.TrimSpace(line), err
}

// secret asks a person for a line that is not shown, and that is taken out of all that is said from now on.
func (a *app) secret(ctx context.Context, text string) (string, error) {
	_, _ = fmt.Fprint(a.screen, text)
	a.screen.flush()
	line, err := a.world.ReadHidden(ctx)
	_, _ = fmt.Fprintln(a.screen)
	line = strings.TrimSpace(line)
	if err == nil && len(line) > mostHidden {
		err = errors.New("read without showing: the line is too long")
	}
	if err == nil {
		a.hide(line)
	}
	return line, err
}
