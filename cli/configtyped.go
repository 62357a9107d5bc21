package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"zlock/batch"
	"zlock/zoho"
)

// mostConfiguration is the size of a configuration's file, at most.
const mostConfiguration = 1 << 20

// moduleTyped is the API name that was meant: Zoho's own modules in any case, others as they are.
func moduleTyped(text string) (string, error) {
	for _, name := range batch.LockableModules() {
		if strings.EqualFold(text, name) {
			return name, nil
		}
	}
	if !fieldTyped.MatchString(text) {
		return "", usage(fmt.Sprintf("%s is no module's API name: a letter, then letters, digits and _", quoted(text)),
			"zlock modules lists them")
	}
	return text, nil
}

// editTyped is what -f and the flags ask for; given is false when they ask for nothing.
func (a *app) editTyped(flags flagSource) (edit zoho.Configuration, given bool, err error) {
	file := flags.text("file")
	if file != "" {
		given = true
		if edit, err = a.readConfiguration(file); err != nil {
			return edit, true, err
		}
	}
	e := typedEdit{flags: flags, edit: edit, given: given}
	e.words()
	e.rules()
	return e.edit, e.given, e.err
}

// text is a flag's value; "" for one that is not given, or that the command has not.
func (f flagSource) text(name string) string {
	flag := f.set.Lookup(name)
	if flag == nil || !flag.Changed {
		return ""
	}
	return flag.Value.String()
}

// on reports a toggle that stands for no setting.
func (f flagSource) on(name string) bool { return f.text(name) == "true" }

// readConfiguration reads a file with one configuration.
func (a *app) readConfiguration(name string) (zoho.Configuration, error) {
	var from io.Reader = a.world.In
	if name != "-" {
		file, err := os.Open(a.world.path(name))
		if err != nil {
			return zoho.Configuration{}, usage(fmt.Sprintf("read configuration: %v", err), "name a file with -f, or - for standard input")
		}
		defer file.Close()
		from = file
	}
	text, err := io.ReadAll(io.LimitReader(from, mostConfiguration+1))
	if err == nil && len(text) > mostConfiguration {
		err = errors.New("larger than 1 MiB")
	}
	if err == nil {
		text, err = jsonOf(text)
	}
	if err != nil {
		return zoho.Configuration{}, usage(fmt.Sprintf("read configuration %s: %v", clean(name), err),
			"zlock config get MODULE --yaml writes one to begin with")
	}
	return zoho.ParseConfiguration(text)
}

// typedEdit takes flags into an edit; the first thing that is wrong is kept.
type typedEdit struct {
	flags flagSource
	edit  zoho.Configuration
	given bool
	err   error
}

func (e *typedEdit) wrong(flag, text string, err error) {
	if e.err == nil {
		e.err = usage(fmt.Sprintf("--%s %s: %v", flag, clean(text), err))
	}
}

func (e *typedEdit) words() {
	for name, into := range map[string]*string{"lock-type": &e.edit.LockType, "locked-for": &e.edit.LockedFor} {
		if text := e.flags.text(name); text != "" {
			*into, e.given = text, true
		}
	}
	if profiles, ok := e.list("exclude-profile"); ok {
		e.edit.Profiles = []zoho.Ref{}
		for _, text := range profiles {
			e.edit.Profiles = append(e.edit.Profiles, refTyped(text, func(r *zoho.Ref) { r.Name = text }))
		}
		if e.flags.text("locked-for") == "" {
			e.edit.LockedFor = map[bool]string{true: zoho.ForAllProfiles, false: zoho.ForAllButProfile}[len(profiles) == 0]
		}
	}
	if fields, ok := e.list("exclude-field"); ok {
		e.edit.Fields = []zoho.Ref{}
		for _, text := range fields {
			e.edit.Fields = append(e.edit.Fields, refTyped(text, func(r *zoho.Ref) { r.APIName = text }))
		}
	}
	if restricted, ok := e.list("restrict"); ok {
		e.restrict(restricted)
	}
}

// list reads a flag that holds a list; none is an empty one.
func (e *typedEdit) list(name string) (words []string, given bool) {
	text := e.flags.text(name)
	if text == "" {
		return nil, false
	}
	e.given = true
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == '\n' }) {
		if word = strings.TrimSpace(word); word != "" && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if len(words) == 1 && strings.EqualFold(words[0], "none") {
		return nil, true
	}
	return words, true
}

// refTyped is an id, or a name that named puts where it belongs.
func refTyped(text string, named func(*zoho.Ref)) zoho.Ref {
	var r zoho.Ref
	if len(text) > 4 && strings.Trim(text, "0123456789") == "" {
		r.ID = text
		return r
	}
	named(&r)
	return r
}

// restrict parts what is blocked into actions and communications.
func (e *typedEdit) restrict(words []string) {
	e.edit.Actions, e.edit.Communications = []string{"update"}, []string{}
	known := slices.Concat(zoho.RestrictedActions(), zoho.RestrictedCommunications())
	for _, text := range words {
		switch {
		case slices.Contains(zoho.RestrictedCommunications(), text):
			e.edit.Communications = append(e.edit.Communications, text)
		case !slices.Contains(known, text):
			e.wrong("restrict", text, fmt.Errorf("must be one of %s%s", strings.Join(known, ", "), didYouMean(text, known)))
		case text != "update":
			e.edit.Actions = append(e.edit.Actions, text)
		}
	}
}

// rule adds a rule, or says anew what the file's rule of that name does.
func (e *typedEdit) rule(r zoho.Rule) {
	at := slices.IndexFunc(e.edit.Rules, func(other zoho.Rule) bool { return other.Name == r.Name && !other.Delete })
	if at < 0 {
		e.edit.Rules = append(e.edit.Rules, r)
		return
	}
	e.edit.Rules[at].Criteria = r.Criteria
	if r.LockExisting != nil {
		e.edit.Rules[at].LockExisting = r.LockExisting
	}
}

func (e *typedEdit) rules() {
	existing := e.flags.on("lock-existing")
	given := e.flags.text("rule")
	if existing && given == "" {
		e.wrong("lock-existing", "", errors.New("goes with --rule; in a file it is lock_existing_records"))
	}
	if given != "" {
		e.given = true
		for text := range strings.SplitSeq(given, "\n") {
			r, err := ruleTyped(text)
			if err != nil {
				e.wrong("rule", text, err)
				return
			}
			if existing {
				r.LockExisting = &existing
			}
			e.rule(r)
		}
	}
	for text := range strings.SplitSeq(e.flags.text("remove-rule"), "\n") {
		if text != "" {
			e.given = true
			gone := refTyped(text, func(r *zoho.Ref) { r.Name = text })
			e.edit.Rules = append(e.edit.Rules, zoho.Rule{ID: gone.ID, Name: gone.Name, Delete: true})
		}
	}
}
