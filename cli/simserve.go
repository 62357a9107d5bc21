package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho/sim"
)

// What the pretend Zoho takes for a sign-in. It is the same always, so that a restart is not
// noticed; it opens nothing else.
const (
	simClientID     = "1000.PRETENDZOHO"
	simClientSecret = "pretend-secret"
	simRefreshToken = "1000.pretend.refresh"
	simConsents     = 3 * time.Second // after which the pretend person at auth login --device consents
)

// serving is a pretend Zoho with its listener.
type serving struct {
	*app
	o    *simOptions
	org  *sim.Org
	url  string
	host string // that it listens on
}

func (a *app) serveSim(ctx context.Context, o *simOptions) error {
	owner, err := a.ownState(ctx, o)
	if err != nil {
		return err
	}
	if owner != nil {
		defer owner.Release()
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return cannotListen(o.listen, err)
	}
	defer func() { _ = listener.Close() }()
	org, err := o.newOrg(a)
	if err != nil {
		return err
	}
	s := &serving{app: a, o: o, org: org}
	s.locate(listener.Addr())
	if err := s.announce(); err != nil {
		return errors.Join(err, org.Close())
	}
	return s.serve(ctx, listener)
}

// ownState keeps a second process from the state file.
func (a *app) ownState(ctx context.Context, o *simOptions) (*checkpoint.Ownership, error) {
	if o.state == "" {
		return nil, nil
	}
	o.state = a.world.path(o.state)
	owner, err := checkpoint.OwnWait(ctx, o.state+".lock", a.holder("", "sim"), 0)
	var held *checkpoint.HeldError
	if errors.As(err, &held) {
		return nil, usage(fmt.Sprintf("--state %s: another zlock sim uses it (process %d)", clean(o.state), held.Holder.PID), "stop that one, or name another file")
	}
	return owner, err
}

func cannotListen(address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return usage("--listen "+clean(address)+": the address is in use", "stop what listens there, or take a free port: --listen 127.0.0.1:0")
	}
	return usage(fmt.Sprintf("--listen %s: %v", clean(address), err), "name an address of this machine, such as 127.0.0.1:8470")
}

// newOrg makes the organisation that the options describe.
func (o *simOptions) newOrg(a *app) (*sim.Org, error) {
	mark, err := o.made.mark()
	if err != nil {
		return nil, err
	}
	org, err := sim.New(sim.Config{
		Seed: o.made.Seed, Records: o.made.all(), Modules: o.modules(), Edition: o.edition.name,
		Latency: sim.Between(o.low, o.high, o.made.Seed), Concurrency: int(o.concurrency), Credits: int(o.credits),
		Composite: o.composite, Script: o.faults, ByID: o.made.Endings, Journal: o.state, Mark: mark, LogLimit: 1000,
		Tokens: sim.TokenConfig{
			ClientID: simClientID, ClientSecret: simClientSecret, RefreshToken: simRefreshToken,
			Scope:       strings.Join(append(scopeNames(true), scopeNames(false)...), " "),
			DeviceAfter: simConsents,
		},
	})
	if errors.Is(err, sim.ErrOtherOrg) {
		return nil, usage(fmt.Sprintf("--state %s: it was begun with other records", clean(o.state)),
			"give the same --records, --modules, --locked, --seed, --endings and --from as then, or name another file")
	}
	if err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	return org, nil
}

// modules are Zoho's that can be locked, and those that records are to be in.
func (o *simOptions) modules() map[string]sim.Module {
	all := map[string]sim.Module{}
	for _, name := range batch.LockableModules() {
		all[name] = sim.Module{}
	}
	own := func(name string) {
		if _, known := all[name]; !known {
			all[name] = sim.Module{Custom: true}
		}
	}
	for _, name := range o.made.Modules {
		own(name)
	}
	for _, r := range o.made.fromJob {
		own(r.Module)
	}
	return all
}

// locate works out the address that callers on this machine use.
func (s *serving) locate(at net.Addr) {
	host, _, _ := net.SplitHostPort(s.o.listen)
	s.host = host
	_, port, _ := net.SplitHostPort(at.String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	s.url = "http://" + net.JoinHostPort(host, port)
}

// environment is what leads zlock to this pretend Zoho.
func (s *serving) environment() map[string]string {
	return map[string]string{
		"ZLOCK_API_URL": s.url, "ZLOCK_ACCOUNTS_URL": s.url, "ZLOCK_EDITION": s.o.edition.name,
		"ZLOCK_CLIENT_ID": simClientID, "ZLOCK_CLIENT_SECRET": simClientSecret, "ZLOCK_REFRESH_TOKEN": simRefreshToken,
	}
}

// announce prints the variables, and says what is served.
func (s *serving) announce() error {
	if s.o.asJSON {
		if err := writeJSON(s.world.Out, s.document()); err != nil {
			return err
		}
	} else {
		env := s.environment()
		for _, name := range slices.Sorted(maps.Keys(env)) {
			if _, err := fmt.Fprintf(s.world.Out, "export %s=%s\n", name, shellWord(env[name])); err != nil {
				return err
			}
		}
	}
	s.screen.say("%s", s.description())
	if !loopback(s.url) || s.host != "localhost" && !loopback("http://"+net.JoinHostPort(s.host, "0")) {
		s.screen.warn("anybody who reaches %s can use this pretend Zoho and its page; zlock itself speaks plain http to this machine only", clean(s.o.listen))
	}
	return nil
}

// simDocument is what sim --json prints.
type simDocument struct {
	URL         string            `json:"url"`
	Page        string            `json:"page"`
	Environment map[string]string `json:"environment"`
	Edition     string            `json:"edition"`
	Concurrency int64             `json:"concurrency"` // 0: no limit
	Credits     int64             `json:"credits"`     // 0: no limit
	Modules     []simModule       `json:"modules"`
}

type simModule struct {
	Module  string `json:"module"`
	Records int    `json:"records"`
	Locked  int    `json:"locked"`
}

func (s *serving) document() simDocument {
	d := simDocument{
		URL: s.url, Page: s.url + "/", Environment: s.environment(), Edition: s.o.edition.name,
		Concurrency: s.o.concurrency, Credits: s.o.credits, Modules: []simModule{},
	}
	for _, h := range s.org.Holdings() {
		d.Modules = append(d.Modules, simModule(h))
	}
	return d
}

func (s *serving) description() string {
	var b strings.Builder
	records, locked := s.held()
	fmt.Fprintf(&b, "a pretend Zoho, %s edition, with %s, %s locked\n", s.o.edition.name,
		counted(int64(records), "record", "records"), number(int64(locked)))
	t := newTable(1, 2)
	for _, h := range s.org.Holdings() {
		if h.Records > 0 {
			t.add(h.Module, number(int64(h.Records)), number(int64(h.Locked))+" locked")
		}
	}
	t.print(&b, "  ")
	fmt.Fprintf(&b, "  %s, %s; a call takes %s\n", limitOf(s.o.concurrency, "call at once", "calls at once"),
		limitOf(s.o.credits, "credit in 24 hours", "credits in 24 hours"), s.o.takes())
	if n := len(s.o.faults); n > 0 {
		fmt.Fprintf(&b, "  %s will strike\n", counted(int64(n), "kind of fault", "kinds of faults"))
	}
	if s.o.jobs != "" {
		fmt.Fprintf(&b, "  %s locks every record not locked yet\n", clean(s.o.jobs))
	}
	fmt.Fprintf(&b, "its page: %s/\n", s.url)
	b.WriteString("in another terminal, give the variables printed and go on: zlock run JOBFILE\nCtrl-C stops it")
	return b.String()
}

func (s *serving) held() (records, locked int) {
	for _, h := range s.org.Holdings() {
		records, locked = records+h.Records, locked+h.Locked
	}
	return records, locked
}

func limitOf(n int64, one, many string) string {
	if n == 0 {
		return "any number of " + many
	}
	return counted(n, one, many)
}

func (o *simOptions) takes() string {
	if o.low == o.high {
		return o.low.String()
	}
	return o.low.String() + " to " + o.high.String()
}

// serve answers calls until the context ends, which is how it is meant to end.
func (s *serving) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: sim.Console(s.org, s.host), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = server.Shutdown(last) // calls being served may end; those that hang are cut
	err = errors.Join(err, s.org.Close(), server.Close())
	s.farewell()
	if err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	return nil
}

// farewell says what became of it.
func (s *serving) farewell() {
	stats := s.org.Stats()
	_, locked := s.held()
	kept := "nothing of it is kept"
	if s.o.state != "" {
		kept = "kept in " + clean(s.o.state)
	}
	s.screen.say("stopped after %s: %s, %s answered with 429\n%s locked now; %s", counted(int64(stats.Calls), "call", "calls"),
		counted(int64(stats.Credits), "credit", "credits"), counted(int64(stats.Throttled), "call", "calls"),
		counted(int64(locked), "record is", "records are"), kept)
}
