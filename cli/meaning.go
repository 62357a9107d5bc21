package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"zlock/batch"
)

// meaning is what gives a job file's rows their meaning. It is part of what a run is, and stays
// as enrolled.
type meaning struct {
	Module      string            `json:"module,omitempty"`
	Action      string            `json:"action,omitempty"`
	Reason      string            `json:"reason,omitempty"`
	Map         map[string]string `json:"map,omitempty"`
	OnLocked    string            `json:"on_locked"`
	AnyOwner    bool              `json:"any_owner"`
	TagReason   bool              `json:"tag_reason"`
	SkipInvalid bool              `json:"skip_invalid"`
	Sequence    bool              `json:"sequence"`
	IDsChecked  bool              `json:"ids_checked"`
	Simulate    bool              `json:"simulate"`
}

func readMeaning(read *parser) meaning {
	return meaning{
		Module: read.values["module"].text, Action: read.values["action"].text, Reason: read.values["reason"].text,
		Map:       read.pairs("map"),
		OnLocked:  read.choice("on-locked", "skip", "update-reason", "fail"),
		AnyOwner:  read.flag("any-owner"),
		TagReason: read.flag("tag-reason"),

		SkipInvalid: read.choice("on-invalid", "stop", "skip") == "skip",
		Sequence:    read.choice("on-conflict", "stop", "sequence") == "sequence",
		IDsChecked:  read.flag("ids-checked"),
		Simulate:    read.flag("simulate"),
	}
}

// identity is what makes a run the same run: its org, the job file's content, and its meaning.
func (m meaning) identity(orgKey, sha string) (string, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("hash options: %w", err)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s", orgKey, sha, data))
	return hex.EncodeToString(sum[:]), nil
}

// The names under which a run remembers what is no setting of its sittings.
const (
	keyOnLocked = "on-locked"
	keyAnyOwner = "any-owner"
	keyJobPath  = "job-path"
	keyOrgName  = "org-name"
	keyOrgHost  = "org-host"
	keyUndoes   = "undoes"       // the run that it takes back
	keySimOf    = "simulated-of" // the run whose pretend org it works in, where that is not its own
)

// readOptions are the settings of reading a job file.
func readOptions(read *parser, m meaning, runID, temp string) batch.ReadOptions {
	return batch.ReadOptions{
		Module: m.Module, Action: batch.Action(m.Action), Reason: m.Reason, Map: m.Map,
		IDsChecked: m.IDsChecked, SkipInvalid: m.SkipInvalid, Sequence: m.Sequence, TagReason: m.TagReason,
		AllowEmpty: read.flag("allow-empty"), RunID: runID, TempDir: temp,
		MaxRows:    int(read.count("max-rows", batch.DefaultMaxRows, 1, 1_000_000_000)),
		MaxColumns: int(read.count("max-columns", batch.DefaultMaxColumns, 1, 100_000)),
		MaxRecord:  int(read.size("max-record", 1, 64<<20)),
		MaxBytes:   read.size("max-file-size", 1, 1<<40),
	}
}
