package hostile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"zlock/zoho"
)

func flagsAndNames() []input {
	return []input{
		{75, "names that are paths, devices or SQL", "for a run, a profile or a checkpoint", append(runNames(), profileNames()...)},
		{76, "a state directory that others can reach into", "others may not write to it, it belongs to this user, and is no link", []trial{
			commandIn("a link", "exit 2: it is a symbolic link", func(d *desk) {
				d.must(os.Mkdir(filepath.Join(d.dir, "real"), 0o700), os.Symlink("real", filepath.Join(d.dir, "state")))
			}, "run", "job.csv"),
			commandIn("open to the group", "exit 2: others may write to it (mode 0770)", func(d *desk) { d.state(0o770) }, "run", "job.csv"),
			commandIn("open to all", "exit 2: others may write to it (mode 0777)", func(d *desk) { d.state(0o777) }, "run", "job.csv", "--simulate"),
			commandIn("readable by others", "exit 0: is completed", func(d *desk) { d.state(0o755) }, "run", "job.csv"),
			commandIn("a file", "exit 2: it is no directory", func(d *desk) { d.file("state", "") }, "run", "job.csv"),
		}},
		{77, "`--reason` with an escape sequence", "", []trial{
			command("ESC", "exit 2: the control character U+001B", "run", "job.csv", "--reason", "a\x1b[31m"),
			command("blank", "exit 2: only white space", "run", "job.csv", "--reason", " \t"),
			command("no UTF-8", "exit 2: not UTF-8", "run", "job.csv", "--reason", "\xff"),
		}},
		{78, "`--concurrency` out of its bounds", "1 to what the edition takes", []trial{
			command("0", "exit 2: from 1 to 25", "run", "job.csv", "--concurrency", "0"), command("-1", "exit 2: from 1 to 25", "run", "job.csv", "--concurrency", "-1"),
			command("1000", "exit 2: from 1 to 20", "run", "job.csv", "--concurrency", "1000", "--edition", "enterprise"),
			command("NaN", "exit 2: from 1 to 25", "run", "job.csv", "--concurrency", "NaN"), command("NaN calls a second", "exit 2: a number from 0 to 1000", "run", "job.csv", "--rate", "NaN"),
		}},
		{79, "windows and zones that are none", "", []trial{
			command("no length", "exit 2: begins and ends at different times", "run", "job.csv", "--window", "22:00-22:00"),
			command("25:00", "exit 2: there is no time of day 25:00", "run", "job.csv", "--window", "25:00-06:00"),
			command("22-6", "exit 2: a window is two times of day", "run", "job.csv", "--window", "22-6"),
			command("unknown zone", "exit 2: a zone of the tz database", "run", "job.csv", "--tz", "Mars/Olympus"),
			command("a path for a zone", "exit 2: a zone of the tz database", "run", "job.csv", "--tz", "../../etc/passwd"),
		}},
		{80, "addresses to which tokens must not be sent", "Zoho's own hosts, this machine, and what `allow_hosts` names exactly", addresses()},
		{81, "token files that are not the user's alone, or no token files", "passed over: a new token is asked for, and the file made anew. A line end behind a variable is taken off", tokenFiles()},
		{82, "a secret as a flag or in `zlock.yaml`, or an unknown key there", "credentials come from the environment alone", []trial{
			command("a flag", "exit 2: --refresh-token", "run", "job.csv", "--refresh-token", "x"),
			config("a secret", "profiles:\n  a:\n    client_secret: x\n", "exit 2: credentials never stand in this file"),
			config("an unknown key", "profiles:\n  a:\n    concurency: 3\n", "exit 2: unknown key concurency; did you mean concurrency?"),
			config("no YAML", "profiles: [\n", "exit 2: read configuration"),
		}},
		{83, "an unknown `ZLOCK_…` variable", "told, since it may be a limit misspelt", []trial{
			commandIn("a slip", "exit 0: environment variable ZLOCK_MAX_CREDIT is not known and is passed over; did you mean ZLOCK_MAX_CREDITS?",
				func(d *desk) { d.env["ZLOCK_MAX_CREDIT"] = "3" }, "run", "job.csv"),
		}},
		{84, "an output in the place of the job file, the checkpoint, or a file that is there", "`--force` replaces a file, never these two", outputs()},
	}
}

// must fails the test for an error.
func (d *desk) must(errs ...error) {
	d.t.Helper()
	if err := errors.Join(errs...); err != nil {
		d.t.Fatal(err)
	}
}

// state makes the state directory with a mode.
func (d *desk) state(mode os.FileMode) {
	path := filepath.Join(d.dir, "state")
	d.must(os.Mkdir(path, 0o700), os.Chmod(path, mode))
}

func runNames() []trial {
	var all []trial
	for _, name := range []string{
		"../x", "/etc/x", "a/b", ".", "..", strings.Repeat("9", 300), "CON", "nul.txt", "x:y", "2\x00", "a?b", "a#b", "a%b", "' OR 1=1 --",
	} {
		all = append(all, commandIn("run "+name, "exit 2: no run", func(d *desk) { d.ran("job.csv") }, "status", name))
	}
	return append(all, commandIn("run -rf", "exit 2: -r is not a flag", func(d *desk) { d.ran("job.csv") }, "status", "-rf"))
}

// ran carries out a job file, so that there is a run.
func (d *desk) ran(file string) {
	d.t.Helper()
	if s := d.run("run", file, "--simulate"); s.code != 0 {
		d.t.Fatalf("exit %d: %s", s.code, s.err)
	}
}

func profileNames() []trial {
	var all []trial
	for _, name := range []string{"../x", "/etc/x", "a/b", ".", "..", strings.Repeat("a", 65), "CON", "nul.txt", "com1", "x:y", "a\x00b", "x.", "a?b"} {
		all = append(all, command("profile "+name, "exit 2: a name is letters, digits", "run", "job.csv", "--profile", name))
	}
	// A file may be called what it likes: it is that very file that is made.
	for _, name := range []string{"we?ird#1%41.db", "a.db?_pragma=synchronous(off)", "'; DROP TABLE run.db"} {
		all = append(all, trial{"checkpoint " + name, "exit 0, made as named", func(t *testing.T) string {
			return checkpointNamed(t, name)
		}})
	}
	return all
}

func addresses() []trial {
	var all []trial
	const foreign, more = "none of Zoho's own", "a scheme and a host and nothing else"
	for _, in := range []struct{ address, why string }{
		{"http://www.zohoapis.com", "only https"},
		{"https://www.zohoapis.com.evil.test", foreign},
		{"https://evilzohoapis.com", foreign},
		{"https://www.zohoapis.com@evil.test", more},
		{"https://www.zohoapis.com:8443", foreign},
		{"https://10.0.0.7", foreign},
		{"https://169.254.169.254", foreign},
		{"https://www.zohoap\u0131s.com", foreign},
		{"https://www.zohoapis.com.", foreign},
		{"https://www.zohoapis.com/crm", more},
		{"https://localhost.evil.test", foreign},
	} {
		for _, flag := range []string{"--api-url", "--accounts-url"} {
			all = append(all, command(flag+" "+in.address, "exit 2: "+in.why, "run", "job.csv", flag, in.address))
		}
	}
	return append(all, command("this machine", "exit 0: is completed", "run", "job.csv", "--accounts-url", "https://localhost"))
}

func config(name, yaml, want string) trial {
	return commandIn(name, want, func(d *desk) { d.file("zlock.yaml", yaml) }, "run", "job.csv", "--config", "zlock.yaml")
}

func outputs() []trial {
	done := func(d *desk) {
		d.ran("job.csv")
		d.file("other.csv", "kept")
	}
	return []trial{
		commandIn("the job file", "exit 2: that is the checkpoint or the job file", done, "results", "-o", "job.csv", "--force"),
		commandIn("the checkpoint", "exit 2: that is the checkpoint or the job file", done, "results", "-o", "state/default.db", "--force"),
		commandIn("a file", "exit 2: it is there already", done, "results", "-o", "other.csv"),
		commandIn("a file, and --force", "exit 0: other.csv written", done, "results", "-o", "other.csv", "--force"),
		commandIn("a directory", "exit 2: not a file", done, "results", "-o", "state", "--force"),
		commandIn("the job file, for faults", "exit 2: that is the checkpoint or the job file", nil, "run", "job.csv", "--faults", "job.csv", "--force"),
	}
}

// tokenFiles spoils the file that processes share an access token by, and counts whether it was believed.
func tokenFiles() []trial {
	spoil := func(name, want string, how func(path string) error) trial {
		return trial{name, want, func(t *testing.T) (verdict string) {
			synctest.Test(t, func(t *testing.T) { verdict = tokensAsked(t, how) })
			return verdict
		}}
	}
	const anew = "asked for anew"
	return []trial{
		spoil("0600", "believed", func(string) error { return nil }),
		spoil("readable by the group", anew, func(path string) error { return os.Chmod(path, 0o640) }),
		spoil("readable by all", anew, func(path string) error { return os.Chmod(path, 0o644) }),
		spoil("writable by all", anew, func(path string) error { return os.Chmod(path, 0o602) }),
		spoil("a link", anew, func(path string) error { return errors.Join(os.Rename(path, path+"2"), os.Symlink(path+"2", path)) }),
		spoil("empty", anew, func(path string) error { return os.Truncate(path, 0) }),
		spoil("10 MB", anew, func(path string) error { return os.Truncate(path, 10<<20) }),
		spoil("no JSON", anew, func(path string) error { return os.WriteFile(path, []byte("1000.x.y\r\n"), 0o600) }),
		commandIn("a variable with a line end", "exit 0: is completed", func(d *desk) { d.env["ZLOCK_REFRESH_TOKEN"] += "\r\n" }, "run", "job.csv"),
	}
}

// tokensAsked says whether a token file that somebody changed was believed.
func tokensAsked(t *testing.T, how func(path string) error) string {
	asked := 0
	end := farEnd(func() (int, string) {
		asked++
		return 200, `{"access_token":"1000.t","expires_in":3600,"api_domain":"https://www.zohoapis.com"}`
	})
	config := zoho.TokenConfig{
		Accounts: "https://accounts.zoho.com", ClientID: "client", ClientSecret: zoho.NewSecret(deskSecret), RefreshToken: zoho.NewSecret(deskRefresh),
		Transport: end, CachePath: filepath.Join(t.TempDir(), "token.json"),
	}
	for range 2 {
		tokens, err := zoho.NewTokens(config)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tokens.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		if asked == 1 {
			if err := how(config.CachePath); err != nil {
				t.Fatal(err)
			}
		}
	}
	if asked == 1 {
		return "believed"
	}
	return "asked for anew"
}
