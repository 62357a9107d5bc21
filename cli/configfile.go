package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// profile is one org as zlock.yaml describes it.
type profile struct {
	name   string
	values map[string]string
}

// configFile is what zlock.yaml says.
type configFile struct {
	path       string
	found      bool
	profiles   map[string]profile
	allowHosts []string
}

// mostConfig is the size of a zlock.yaml, at most.
const mostConfig = 1 << 20

// readConfig reads zlock.yaml. A missing file is an error only where somebody named it.
func readConfig(path string, named bool) (configFile, error) {
	c := configFile{path: path}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return c, nil
	}
	if err != nil {
		return c, usage(fmt.Sprintf("read configuration: %v", err), "name the file with --config, or leave --config out")
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, mostConfig+1))
	if err != nil {
		return c, usage(fmt.Sprintf("read configuration %s: %v", clean(path), err))
	}
	if len(data) > mostConfig {
		return c, usage(fmt.Sprintf("read configuration %s: larger than 1 MiB", clean(path)))
	}
	c.found = true
	return c, c.parse(data)
}

func (c *configFile) parse(data []byte) error {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return usage(fmt.Sprintf("read configuration %s: %s", clean(c.path), clean(err.Error())))
	}
	if len(document.Content) == 0 {
		return nil
	}
	return c.each(document.Content[0], "", func(key string, node *yaml.Node) error {
		switch key {
		case "profiles":
			return c.parseProfiles(node)
		case "allow_hosts":
			return c.parseHosts(node)
		default:
			return c.at(node, fmt.Sprintf("unknown key %s%s", clean(key), didYouMean(key, []string{"profiles", "allow_hosts"})))
		}
	})
}

// each calls f for the keys of a mapping and refuses those that stand twice.
func (c *configFile) each(node *yaml.Node, of string, f func(string, *yaml.Node) error) error {
	if node.Kind != yaml.MappingNode {
		return c.at(node, of+"must be a list of key: value")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i].Value
		if seen[key] {
			return c.at(node.Content[i], fmt.Sprintf("%s stands twice", clean(key)))
		}
		seen[key] = true
		if err := f(key, node.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (c *configFile) parseProfiles(node *yaml.Node) error {
	c.profiles = map[string]profile{}
	return c.each(node, "profiles ", func(name string, node *yaml.Node) error {
		if !isProfileName(name) {
			return c.at(node, fmt.Sprintf("profile %q: a name is letters, digits, dots, dashes and underscores, and no device of Windows", clean(name)))
		}
		p := profile{name: name, values: map[string]string{}}
		err := c.each(node, "profile "+name+" ", func(key string, node *yaml.Node) error {
			return c.parseSetting(p, key, node)
		})
		c.profiles[name] = p
		return err
	})
}

func (c *configFile) parseSetting(p profile, key string, node *yaml.Node) error {
	name := strings.ReplaceAll(key, "_", "-")
	set, ok := settingNamed(name)
	switch {
	case strings.Contains(key, "secret"), strings.Contains(key, "token"):
		return c.at(node, fmt.Sprintf("%s: credentials never stand in this file; zlock auth login stores them, or set them in the environment", clean(key)))
	case !ok:
		return c.at(node, fmt.Sprintf("unknown key %s%s", clean(key), didYouMean(name, profiled())))
	case !set.profiled:
		return c.at(node, key+": cannot stand in a profile, only on the command line or in the environment")
	case node.Kind != yaml.ScalarNode || node.Tag == "!!null":
		return c.at(node, key+": must be one value")
	}
	p.values[name] = node.Value
	return nil
}

func (c *configFile) parseHosts(node *yaml.Node) error {
	if node.Kind != yaml.SequenceNode {
		return c.at(node, "allow_hosts must be a list of host names")
	}
	for _, host := range node.Content {
		if host.Kind != yaml.ScalarNode || host.Value == "" || strings.ContainsAny(host.Value, "/:@*? ") {
			return c.at(host, fmt.Sprintf("allow_hosts: %q is not the exact name of a host", clean(host.Value)))
		}
		c.allowHosts = append(c.allowHosts, host.Value)
	}
	return nil
}

func (c *configFile) at(node *yaml.Node, what string) error {
	return usage(fmt.Sprintf("read configuration %s: line %d: %s", clean(c.path), node.Line, what))
}

func profiled() []string {
	var out []string
	for _, s := range settings() {
		if s.profiled {
			out = append(out, s.name)
		}
	}
	return out
}

// choose returns the profile to work with: the one named, the only one, or "default".
func (c *configFile) choose(name string) (profile, error) {
	known := slices.Sorted(maps.Keys(c.profiles))
	switch {
	case name != "" && !isProfileName(name):
		return profile{}, usage(fmt.Sprintf("--profile %s: a name is letters, digits, dots, dashes and underscores, and no device of Windows", clean(name)))
	case name == "" && len(known) > 1:
		return profile{}, usage("--profile is needed: "+clean(c.path)+" has "+strings.Join(known, ", "),
			"add --profile NAME, or set ZLOCK_PROFILE")
	case name == "" && len(known) == 1:
		name = known[0]
	case name == "":
		name = "default"
	}
	if p, ok := c.profiles[name]; ok {
		return p, nil
	}
	if len(known) > 0 {
		return profile{}, usage(fmt.Sprintf("--profile %s: %s has no such profile%s", name, clean(c.path), didYouMean(name, known)),
			"it has "+strings.Join(known, ", "))
	}
	return profile{name: name}, nil
}

// configPath is where zlock.yaml is looked for when nobody says.
func (w World) configPath() string {
	home := w.env("HOME")
	switch {
	case runtime.GOOS == "windows":
		return filepath.Join(w.env("AppData"), "zlock", "zlock.yaml")
	case filepath.IsAbs(w.env("XDG_CONFIG_HOME")):
		return filepath.Join(w.env("XDG_CONFIG_HOME"), "zlock", "zlock.yaml")
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Application Support", "zlock", "zlock.yaml")
	default:
		return filepath.Join(home, ".config", "zlock", "zlock.yaml")
	}
}

// statePath is where checkpoints, locks and tokens are kept when nobody says.
func (w World) statePath() (string, error) {
	home := w.env("HOME")
	switch {
	case runtime.GOOS == "windows" && w.env("LocalAppData") != "":
		return filepath.Join(w.env("LocalAppData"), "zlock"), nil
	case filepath.IsAbs(w.env("XDG_STATE_HOME")):
		return filepath.Join(w.env("XDG_STATE_HOME"), "zlock"), nil
	case runtime.GOOS == "darwin" && home != "":
		return filepath.Join(home, "Library", "Application Support", "zlock"), nil
	case home != "":
		return filepath.Join(home, ".local", "state", "zlock"), nil
	}
	return "", usage("no directory to keep state in: neither HOME nor XDG_STATE_HOME is set", "give --state-dir")
}
