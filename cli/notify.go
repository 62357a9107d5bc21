package cli

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// saidMost is how much of what a command or a server says about a notice is listened to, in bytes.
const saidMost = 4 << 10

// deliver gives a notice to one target. Errors say nothing of an address but its host.
func (w World) deliver(ctx context.Context, t target, body []byte, limit time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var err error
	if t.url != "" {
		err = post(limited, t.url, body)
	} else {
		err = w.start(limited, t.words, body)
	}
	if err != nil && limited.Err() != nil {
		return fmt.Errorf("it took longer than %s", shortSpan(limit))
	}
	return err
}

// post sends a notice to an address, once, and follows no redirect: it would lead somewhere that
// nobody named.
func post(ctx context.Context, address string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return errors.New("not an address")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "zlock/"+thisBuild().Version)
	client := http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	var wrapped *url.Error
	if errors.As(err, &wrapped) { // it repeats the whole address
		err = wrapped.Err
	}
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(res.Body, saidMost)) // for a message only
	switch {
	case res.StatusCode >= 200 && res.StatusCode < 300:
		return nil
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return fmt.Errorf("it answers %d, a redirect, which is not followed", res.StatusCode)
	}
	text := strings.ReplaceAll(firstLine(said), req.URL.Path, redacted)
	return fmt.Errorf("it answers %d%s", res.StatusCode, clause(text))
}

// start runs a command with the notice on its standard input. It is the one process that zlock ever
// starts, and it is started by itself, not by a shell.
func (w World) start(ctx context.Context, words []string, body []byte) error {
	said := &listener{left: saidMost}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir, cmd.Env = w.Dir, w.withoutSecrets()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(body), said, said
	cmd.WaitDelay = time.Second // for what the command itself has started and left behind
	alone(cmd)
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) { // it ended well, and left something running
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w%s", err, clause(firstLine(said.text.Bytes())))
	}
	return nil
}

// withoutSecrets is the environment for a process of somebody else's: none of our variables but
// plain settings, and no variable at all that holds one of our secrets.
func (w World) withoutSecrets() []string {
	return slices.DeleteFunc(slices.Clone(w.Environ), func(pair string) bool {
		key, value, _ := strings.Cut(pair, "=")
		if key == credentialsDirectory { // it could read them as we did
			return true
		}
		if strings.HasPrefix(key, "ZLOCK_") {
			set, ok := settingNamed(strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(key, "ZLOCK_"), "_", "-")))
			if !ok || set.fileOnly || set.name == "notify" {
				return true
			}
		}
		if strings.HasSuffix(strings.ToLower(key), "_proxy") { // its password is not ours, and it needs one as we do
			return false
		}
		return w.hidden.Redact(value) != value
	})
}

// listener keeps the beginning of what is written to it.
type listener struct {
	text bytes.Buffer
	left int
}

// Write never fails: a command that talks much is no reason to break off.
func (l *listener) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.text.Write(p[:n])
	l.left -= n
	return len(p), nil
}

// firstLine is the first line with something on it.
func firstLine(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return strings.TrimSpace(line)
}
