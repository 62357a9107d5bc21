// Package deploy holds examples of running zlock by a scheduler; its tests read them as the scheduler would.
package deploy_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"zlock/cli"
)

// accepted holds a command line to what zlock takes: every flag must be one of the command's.
func accepted(t *testing.T, words []string) {
	t.Helper()
	var said bytes.Buffer
	w := cli.World{Out: io.Discard, Err: &said, Environ: []string{"HOME=" + t.TempDir()}, Dir: t.TempDir()}
	code := cli.Main(context.Background(), append(slices.Clone(words), "--help"), w)
	if code != 0 {
		t.Errorf("zlock %s: %s", strings.Join(words, " "), said.String())
	}
}

// program is how the examples name zlock.
const program = "/usr/local/bin/zlock "

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var continued = regexp.MustCompile(`\\\n\s*`)

func TestCommandLines(t *testing.T) {
	for _, in := range []struct {
		file string
		want int
	}{{"systemd/zlock-sweep.service", 1}, {"cron/crontab", 2}} {
		found := 0
		for line := range strings.Lines(continued.ReplaceAllString(read(t, in.file), "")) {
			if _, command, ok := strings.Cut(strings.TrimSpace(line), program); ok && !strings.HasPrefix(line, "#") {
				found++
				t.Run(in.file+" "+command, func(t *testing.T) { accepted(t, strings.Fields(command)) })
			}
		}
		if found != in.want {
			t.Errorf("%s: %d command lines", in.file, found)
		}
	}
}

func TestCrontab(t *testing.T) {
	five := regexp.MustCompile(`^([0-9*]+ ){5}\S`)
	for line := range strings.Lines(read(t, "cron/crontab")) {
		switch line = strings.TrimSpace(line); {
		case line == "", strings.HasPrefix(line, "#"), strings.HasPrefix(line, "MAILTO="):
		case !five.MatchString(line):
			t.Errorf("not a line of a crontab: %s", line)
		case strings.Contains(line, "%"):
			t.Errorf("cron makes a new line of %%: %s", line)
		}
	}
	help, _ := exec.CommandContext(t.Context(), "crontab", "-h").CombinedOutput()
	check := ""
	switch { // -n means something else to other crons
	case bytes.Contains(help, []byte("-n\t(dry run")):
		check = "-n"
	case bytes.Contains(help, []byte("-T")):
		check = "-T"
	default:
		t.Skip("there is no cron here that checks a crontab")
	}
	if out, err := exec.CommandContext(t.Context(), "crontab", check, "cron/crontab").CombinedOutput(); err != nil {
		t.Errorf("crontab %s: %v: %s", check, err, out)
	}
}

func TestSystemdUnits(t *testing.T) {
	systemd, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze here")
	}
	verify := func(t *testing.T, service string) string {
		dir := t.TempDir()
		service = strings.ReplaceAll(service, "/usr/local/bin/zlock", "/bin/true") // it must be there
		for name, text := range map[string]string{"zlock-sweep.service": service, "zlock-sweep.timer": read(t, "systemd/zlock-sweep.timer")} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), systemd, "verify", "--recursive-errors=no",
			filepath.Join(dir, "zlock-sweep.service"), filepath.Join(dir, "zlock-sweep.timer"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			return string(out) + err.Error()
		}
		return string(out)
	}
	good := read(t, "systemd/zlock-sweep.service")
	if said := verify(t, good); said != "" {
		t.Errorf("systemd-analyze verify: %s", said)
	}
	if said := verify(t, strings.Replace(good, "Type=oneshot", "Typ=oneshot", 1)); said == "" {
		t.Error("systemd-analyze lets a mistake pass: it judges nothing")
	}
}

// manifest is as much of Kubernetes's objects as the example uses; anything else in it is a mistake.
type manifest struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		// of a PersistentVolumeClaim
		AccessModes []string `yaml:"accessModes"`
		Resources   resources
		// of a CronJob
		Schedule                   string
		TimeZone                   string `yaml:"timeZone"`
		ConcurrencyPolicy          string `yaml:"concurrencyPolicy"`
		StartingDeadlineSeconds    int    `yaml:"startingDeadlineSeconds"`
		SuccessfulJobsHistoryLimit int    `yaml:"successfulJobsHistoryLimit"`
		FailedJobsHistoryLimit     int    `yaml:"failedJobsHistoryLimit"`
		JobTemplate                struct {
			Spec struct {
				BackoffLimit          *int `yaml:"backoffLimit"`
				ActiveDeadlineSeconds int  `yaml:"activeDeadlineSeconds"`
				Template              struct{ Spec pod }
			}
		} `yaml:"jobTemplate"`
	}
}

type resources struct{ Requests, Limits map[string]string }

type pod struct {
	RestartPolicy                 string `yaml:"restartPolicy"`
	TerminationGracePeriodSeconds int    `yaml:"terminationGracePeriodSeconds"`
	AutomountServiceAccountToken  *bool  `yaml:"automountServiceAccountToken"`
	SecurityContext               struct {
		RunAsNonRoot        bool                  `yaml:"runAsNonRoot"`
		RunAsUser           int                   `yaml:"runAsUser"`
		RunAsGroup          int                   `yaml:"runAsGroup"`
		FSGroup             int                   `yaml:"fsGroup"`
		FSGroupChangePolicy string                `yaml:"fsGroupChangePolicy"`
		SeccompProfile      struct{ Type string } `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
	Containers []struct {
		Name, Image string
		Args        []string
		EnvFrom     []struct {
			SecretRef struct{ Name string } `yaml:"secretRef"`
		} `yaml:"envFrom"`
		Env             []struct{ Name, Value string }
		SecurityContext struct {
			AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
			ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
			Capabilities             struct{ Drop []string }
		} `yaml:"securityContext"`
		Resources    resources
		VolumeMounts []struct {
			Name      string
			MountPath string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
	}
	Volumes []struct {
		Name                  string
		PersistentVolumeClaim *struct {
			ClaimName string `yaml:"claimName"`
		} `yaml:"persistentVolumeClaim"`
		EmptyDir *struct{} `yaml:"emptyDir"`
	}
}

func TestKubernetes(t *testing.T) {
	decoder := yaml.NewDecoder(strings.NewReader(read(t, "kubernetes/cronjob.yaml")))
	decoder.KnownFields(true)
	var all []manifest
	for {
		var m manifest
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	if len(all) != 2 || all[0].Kind != "PersistentVolumeClaim" || all[1].Kind != "CronJob" || all[1].APIVersion != "batch/v1" {
		t.Fatalf("objects %+v", all)
	}
	claim, cron := all[0], all[1].Spec
	job := cron.JobTemplate.Spec
	p := job.Template.Spec
	if cron.ConcurrencyPolicy != "Forbid" || p.RestartPolicy != "Never" || job.BackoffLimit == nil || *job.BackoffLimit != 0 {
		t.Errorf("two could be at work, or one be started again: %+v", cron)
	}
	if p.TerminationGracePeriodSeconds < 30 {
		t.Errorf("%d seconds to end in; calls in flight get 25", p.TerminationGracePeriodSeconds)
	}
	volumes := map[string]bool{}
	for _, v := range p.Volumes {
		volumes[v.Name] = v.EmptyDir != nil || v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim.Metadata.Name
	}
	zlock := p.Containers[0]
	for _, m := range zlock.VolumeMounts {
		if !volumes[m.Name] {
			t.Errorf("nothing is mounted at %s", m.MountPath)
		}
		if m.Name == "state" && !strings.HasPrefix(zlock.Env[0].Value, m.MountPath) {
			t.Errorf("%s=%s is not on the volume", zlock.Env[0].Name, zlock.Env[0].Value)
		}
	}
	accepted(t, zlock.Args)
}
