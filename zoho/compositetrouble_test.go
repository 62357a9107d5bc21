package zoho_test

import (
	"errors"
	"net/http"
	"testing"

	"zlock/zoho"
)

// A part that is answered with 429 slows all down, though the composite as a whole was a success.
func TestCompositePartThatIsThrottled(t *testing.T) {
	part := ran(200, `{"data":[{"id":"71","Locked_Reason__s":"r","Lock_Source__s":"Manual"}]}`)
	throttled := ran(429, `{"code":"TOO_MANY_REQUESTS","status":"error","message":"too many","details":{}}`)
	for name, tt := range map[string]struct {
		second string
		below  bool
	}{"none": {part, false}, "one": {throttled, true}} {
		limiter := zoho.Widen(zoho.NewLimiter(zoho.LimiterConfig{Cap: 10}))
		before := limiter.Snapshot().Limit
		client := newClientWith(t, zoho.Config{Transport: always(200, composedOf(part, tt.second)), Limiter: limiter})
		list := func(id string) zoho.Part {
			return zoho.Part{Op: zoho.OpListLocks, Record: zoho.Record{Module: "Deals", ID: id}}
		}
		answers, err := client.Composite(t.Context(), []zoho.Part{list("1"), list("2")})
		if err != nil || (answers[1].Err != nil) != tt.below {
			t.Errorf("%s throttled: %v, %v", name, answers, err)
		}
		if after := limiter.Snapshot().Limit; (after < before) != tt.below {
			t.Errorf("%s throttled: %d slots open, before %d", name, after, before)
		}
	}
}

// A composite whose answer is lost may leave all its rows in doubt: their reads are kept, and a second one
// that would take them is not let go.
func TestCompositeKeepsTheReadsOfItsRows(t *testing.T) {
	limiter := zoho.Widen(zoho.NewLimiter(zoho.LimiterConfig{Cap: 10, MaxCredits: 10}))
	calls := 0
	client := newClientWith(t, zoho.Config{Limiter: limiter, Transport: farEnd(func(*http.Request) (*http.Response, error) {
		calls++
		return nil, errors.New("connection reset")
	})})
	lock := func(id string) zoho.Part {
		return zoho.Part{Op: zoho.OpLock, Record: zoho.Record{Module: "Deals", ID: id}, Reason: "r"}
	}
	parts := []zoho.Part{lock("1"), lock("2"), lock("3"), lock("4"), lock("5")}
	if _, err := client.Composite(t.Context(), parts); err == nil {
		t.Fatal("no error of a lost answer")
	}
	_, err := client.Composite(t.Context(), parts)
	var narrow *zoho.NarrowError
	if !errors.As(err, &narrow) || calls != 1 {
		t.Errorf("the second: %v, %d calls", err, calls)
	}
}
