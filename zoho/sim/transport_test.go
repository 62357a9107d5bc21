package sim_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho/sim"
)

// request is a signed request under ctx.
func request(t *testing.T, ctx context.Context, o *sim.Org, method, path, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken "+o.Token())
	return req
}

// traced returns a context that notes what a round trip tells it.
func traced(ctx context.Context, told *[]string) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders:         func() { *told = append(*told, "headers") },
		WroteRequest:         func(httptrace.WroteRequestInfo) { *told = append(*told, "request") },
		GotFirstResponseByte: func() { *told = append(*told, "answer") },
	})
}

func TestTraces(t *testing.T) {
	tests := []struct {
		name  string
		fault sim.Kind
		close bool
		want  []string
	}{
		{"an answer", "", false, []string{"headers", "request", "answer"}},
		{"a cut", sim.DropBefore, false, []string{"headers", "request"}},
		{"a closed organisation", "", true, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := holding(lead("1"))
			if tt.fault != "" {
				cfg.Script = []sim.Fault{{Do: tt.fault}}
			}
			o := found(t, cfg)
			if tt.close {
				o.Close()
			}
			var told []string
			resp, err := o.Transport().RoundTrip(request(t, traced(t.Context(), &told), o, http.MethodGet, list("1")+allOf, ""))
			if err == nil {
				resp.Body.Close()
			}
			if !slices.Equal(told, tt.want) || (err == nil) != slices.Contains(tt.want, "answer") {
				t.Errorf("told %q, error %v", told, err)
			}
		})
	}
}

func TestACallersLeavingDoesNotUndoItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := holding(lead("1"))
		cfg.Latency = func() time.Duration { return 10 * time.Second }
		o := found(t, cfg)
		client := http.Client{Transport: o.Transport(), Timeout: time.Second}
		began := time.Now()
		resp, err := client.Do(request(t, t.Context(), o, http.MethodPost, list("1"), reason))
		if err == nil {
			resp.Body.Close()
		}
		var timeout interface{ Timeout() bool }
		if !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(began) != time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if _, locked := o.Lock("Leads", "1"); locked {
			t.Error("the effect came at once")
		}
		time.Sleep(5 * time.Second)
		if _, locked := o.Lock("Leads", "1"); !locked {
			t.Error("the effect did not come")
		}
	})
}

func TestACallerThatHasLeftSendsNothing(t *testing.T) {
	o := found(t, holding(lead("1")))
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	var told []string
	resp, err := o.Transport().RoundTrip(request(t, traced(ctx, &told), o, http.MethodPost, list("1"), reason))
	if err == nil {
		resp.Body.Close()
	}
	if !errors.Is(err, cause) || told != nil || o.Stats().Calls != 0 {
		t.Errorf("%v, told %q, %+v", err, told, o.Stats())
	}
}

func TestReadingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := faulty(t, sim.Fault{Do: sim.Drip})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		resp, err := o.Transport().RoundTrip(request(t, ctx, o, http.MethodPost, list("1"), reason))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if !errors.Is(err, context.DeadlineExceeded) || len(text) < 29 || len(text) > 31 {
			t.Errorf("%d bytes, %v", len(text), err)
		}
	})
}

// TestGivingUpABodyEndsTheHandler would not come to an end if a goroutine stayed behind.
func TestGivingUpABodyEndsTheHandler(t *testing.T) {
	for _, k := range []sim.Kind{sim.HugeBody, sim.Drip} {
		t.Run(string(k), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := faulty(t, sim.Fault{Do: k, For: time.Hour})
				resp, err := o.Transport().RoundTrip(request(t, t.Context(), o, http.MethodPost, list("1"), reason))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(resp.Body, make([]byte, 1)); err != nil {
					t.Error(err)
				}
				if err := resp.Body.Close(); err != nil {
					t.Error(err)
				}
				if _, err := resp.Body.Read(make([]byte, 1)); err == nil {
					t.Error("a closed body was read")
				}
			})
		})
	}
}

func TestClosingCutsCallsOff(t *testing.T) {
	tests := []struct {
		name string
		cfg  func(*sim.Config)
	}{
		{"in mid-latency", func(c *sim.Config) { c.Latency = func() time.Duration { return time.Hour } }},
		{"hanging", func(c *sim.Config) { c.Script = []sim.Fault{{Do: sim.Hang}} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := holding(lead("1"))
				tt.cfg(&cfg)
				o := found(t, cfg)
				time.AfterFunc(time.Second, func() { o.Close() })
				began := time.Now()
				r := call(t, o, http.MethodPost, list("1"), reason)
				if !errors.Is(r.err, io.EOF) || time.Since(began) != time.Second {
					t.Errorf("%+v after %s", r, time.Since(began))
				}
				if _, locked := o.Lock("Leads", "1"); locked {
					t.Error("a call was carried out after the end")
				}
			})
		})
	}
}

func TestABodyThatCannotBeReadSendsNothing(t *testing.T) {
	o := found(t, holding(lead("1")))
	req := request(t, t.Context(), o, http.MethodPost, list("1"), "")
	broken := errors.New("broken")
	req.Body = io.NopCloser(io.MultiReader(strings.NewReader(reason), failing{broken}))
	resp, err := o.Transport().RoundTrip(req)
	if err == nil {
		resp.Body.Close()
	}
	if !errors.Is(err, broken) || o.Stats().Calls != 0 {
		t.Errorf("%v, %+v", err, o.Stats())
	}
}

func TestAPanicIsAnError(t *testing.T) {
	cfg := holding(lead("1"))
	cfg.Latency = func() time.Duration { panic("no clock") }
	o := found(t, cfg)
	if r := call(t, o, http.MethodGet, list("1")+allOf, ""); r.err == nil || !strings.Contains(r.err.Error(), "no clock") {
		t.Errorf("%+v", r)
	}
}

func TestABareRequestIsAGet(t *testing.T) {
	o := found(t, holding(lead("1")))
	req := &http.Request{URL: &url.URL{Scheme: "http", Host: "zoho.test", Path: "/crm/v8/org"}, Header: http.Header{}}
	req.Header.Set("Authorization", "Zoho-oauthtoken "+o.Token())
	resp, err := o.Transport().RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%+v, %v", resp, err)
	}
	resp.Body.Close()
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestOverSockets holds the in-process transport and net/http to the same manners.
func TestOverSockets(t *testing.T) {
	tests := []struct {
		fault   sim.Kind
		status  int
		err     error
		applied bool
	}{
		{"", 201, nil, true},
		{sim.DropBefore, 0, io.EOF, false},
		{sim.DropAfter, 0, io.EOF, true},
		{sim.CutBody, 201, io.ErrUnexpectedEOF, true},
		{sim.EmptyBody, 201, nil, true},
		{sim.HTML502After, 502, nil, true},
		{sim.Redirect, 307, nil, false},
	}
	for _, tt := range tests {
		t.Run("fault "+string(tt.fault), func(t *testing.T) {
			cfg := holding(lead("1"))
			if tt.fault != "" {
				cfg.Script = []sim.Fault{{Do: tt.fault}}
			}
			o := found(t, cfg)
			server := httptest.NewServer(o)
			defer server.Close()
			r := ask(t, o, server.Client().Transport, http.MethodPost, server.URL+list("1"), reason)
			if r.status != tt.status || !errors.Is(r.err, tt.err) || (r.err == nil) != (tt.err == nil) {
				t.Errorf("%+v", r)
			}
			if _, locked := o.Lock("Leads", "1"); locked != tt.applied {
				t.Errorf("locked %v", locked)
			}
		})
	}
}

func TestTheTokenAnswerNamesTheServerItCameFrom(t *testing.T) {
	o := found(t, sim.Config{})
	server := httptest.NewServer(o)
	defer server.Close()
	r := send(t, server.Client().Transport, http.MethodPost, server.URL+tokenPath, signInForm("a", "b", "c"), "")
	got, err := url.Parse(decode(t, r.text)["api_domain"].(string))
	if err != nil || got.String() != server.URL {
		t.Errorf("api_domain %v, %v", got, err)
	}
}
