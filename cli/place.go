package cli

import (
	"fmt"
	"log/slog"
	"path/filepath"
)

// place is where this command works: its profile, its checkpoint, and what it says to whom.
type place struct {
	profile  profile
	config   configFile
	state    string // directory
	db       string // file
	location []string
	quiet    bool
	network  bool // the checkpoint may lie on a network file system
}

// place resolves the settings that say where things are. It comes first: the checkpoint's path
// hangs on the profile, and a run that goes on brings settings of its own from there.
func (a *app) place(flags flagSource) (place, error) {
	var p place
	first := sources{flags: flags.set, env: a.world.env}.resolve()
	config := first["config"].text
	var err error
	p.config, err = readConfig(a.world.path(orElse(config, a.world.configPath())), config != "")
	if err != nil {
		return p, err
	}
	if p.profile, err = p.config.choose(first["profile"].text); err != nil {
		return p, err
	}
	v := a.settings(flags, p.profile)
	if p.state = a.world.path(v["state-dir"].text); p.state == "" {
		if p.state, err = a.world.statePath(); err != nil {
			return p, err
		}
	}
	p.db = a.world.path(orElse(v["db"].text, filepath.Join(p.state, p.profile.name+".db")))
	p.location = location(v)
	p.network = v["allow-network-fs"].text == "true"
	return p, a.listen(v, &p)
}

// settings are all settings, each from where it is given first.
func (a *app) settings(flags flagSource, p profile) values {
	return sources{flags: flags.set, env: a.world.env, profile: p}.resolve()
}

// resolve is place, and all settings.
func (a *app) resolve(flags flagSource) (place, values, error) {
	p, err := a.place(flags)
	if err != nil {
		return p, nil, err
	}
	return p, a.settings(flags, p.profile), nil
}

// location repeats the flags without which a next command would look somewhere else.
func location(v values) []string {
	var out []string
	for _, name := range []string{"config", "profile", "state-dir", "db"} {
		if got := v[name]; got.flag {
			out = append(out, "--"+name, got.text)
		}
	}
	return out
}

// listen sets up the log and the warnings, now that it is known how loud they may be.
func (a *app) listen(v values, p *place) error {
	read := parser{values: v}
	level := read.choice("log-level", "debug", "info", "warn", "error")
	format := read.choice("log-format", "text", "json")
	p.quiet = read.flag("quiet")
	if read.err != nil {
		return read.err
	}
	a.screen.quiet = p.quiet
	a.log = newLog(a.screen, level, format)
	for _, warning := range strangers(a.world.Environ) {
		a.screen.warn("%s", warning)
	}
	return nil
}

// newLog writes events to w, with every text in them made fit for a terminal.
func newLog(w *screen, level, format string) *slog.Logger {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	options := &slog.HandlerOptions{Level: levels[level], ReplaceAttr: cleanAttr}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func cleanAttr(_ []string, attr slog.Attr) slog.Attr {
	attr.Key = cleanLog(attr.Key)
	switch attr.Value.Kind() {
	case slog.KindString:
		attr.Value = slog.StringValue(cleanLog(attr.Value.String()))
	case slog.KindAny:
		switch v := attr.Value.Any().(type) {
		case error:
			attr.Value = slog.StringValue(cleanLog(v.Error()))
		case fmt.Stringer:
			attr.Value = slog.StringValue(cleanLog(v.String()))
		}
	}
	return attr
}

// cleanLog leaves more of a text standing than a screen would: a stack is worth its lines.
func cleanLog(s string) string { return cleanTo(s, 8000) }

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}
