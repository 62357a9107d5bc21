package zoho_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestOffset(t *testing.T) {
	tests := []struct {
		name string
		skew func(call int) time.Duration
		n    int
		want time.Duration
		ok   bool
	}{
		{"no answer yet", nil, 0, 0, false},
		{"same clock", func(int) time.Duration { return 0 }, 5, 0, true},
		{"an hour ahead", func(int) time.Duration { return time.Hour }, 3, time.Hour, true},
		{"behind", func(int) time.Duration { return -90 * time.Second }, 3, -90 * time.Second, true},
		{"one outlier is outvoted", func(n int) time.Duration {
			if n == 1 {
				return 20 * time.Second
			}
			return 0
		}, 5, 0, true},
		{"spread too far", func(n int) time.Duration { return time.Duration(n) * 10 * time.Second }, 5, 0, false},
		{"only the last 20 count", func(n int) time.Duration {
			if n < 10 {
				return time.Hour
			}
			return time.Minute
		}, 30, time.Minute, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				client := newClient(t, farEnd(func(*http.Request) (*http.Response, error) {
					time.Sleep(100 * time.Millisecond)
					date := time.Now().Add(tt.skew(n)).UTC().Format(http.TimeFormat)
					n++
					return reply(204, ``, "Date", date), nil
				}))
				for range tt.n {
					if err := call(t, client, "GET", onList); err != nil {
						t.Fatal(err)
					}
				}
				got, ok := client.Offset()
				if ok != tt.ok || got < tt.want-time.Second || got > tt.want+time.Second {
					t.Errorf("got %v, %v; want %v, %v", got, ok, tt.want, tt.ok)
				}
			})
		})
	}
}

func TestOffsetWithoutDate(t *testing.T) {
	client := newClient(t, always(204, ``, "Date", "yesterday"))
	if err := call(t, client, "GET", onList); err != nil {
		t.Fatal(err)
	}
	if d, ok := client.Offset(); ok {
		t.Errorf("got %v from an answer without a date", d)
	}
}

// An answer that took long does not say when in all that time its date was written.
func TestOffsetOfSlowAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wait := 18 * time.Second
		client := newClient(t, farEnd(func(*http.Request) (*http.Response, error) {
			time.Sleep(wait)
			return reply(204, ``, "Date", time.Now().UTC().Format(http.TimeFormat)), nil
		}))
		for _, step := range []struct {
			wait time.Duration
			ok   bool
		}{{18 * time.Second, false}, {time.Second, true}, {18 * time.Second, true}} {
			wait = step.wait
			if err := call(t, client, "GET", onList); err != nil {
				t.Fatal(err)
			}
			if d, ok := client.Offset(); ok != step.ok || d.Abs() > time.Second {
				t.Errorf("after an answer in %v: %v, %v; want nearly none, %v", step.wait, d, ok, step.ok)
			}
		}
	})
}
