package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"
)

// bareWord has this program be the bare loop.
const bareWord = "bare"

// bare locks the records whose ids a file holds, a line each, and keeps account of nothing: what
// net/http does by itself, and so the measure of all else.
func bare(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet(bareWord, flag.ContinueOnError)
	url, calls, path := flags.String("url", "", ""), flags.Int("calls", 1, ""), flags.String("ids", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	file, err := os.Open(*path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: *calls}}
	ids := make(chan string, *calls)
	workers, ctx := errgroup.WithContext(ctx)
	for range *calls {
		workers.Go(func() error {
			for id := range ids {
				if err := lock(ctx, client, address(*url, id)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	workers.Go(func() error {
		defer close(ids)
		for lines := bufio.NewScanner(file); lines.Scan(); {
			select {
			case ids <- lines.Text():
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return workers.Wait()
}

func address(url, id string) string {
	return url + "/crm/v8/" + module + "/" + id + "/Locking_Information__s"
}

const body = `{"data":[{"Locked_Reason__s":"` + reason + `"}]}`

func lock(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("answered %s", resp.Status)
	}
	return nil
}
