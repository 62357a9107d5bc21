package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const (
	credentialsDirectory = "CREDENTIALS_DIRECTORY" // where systemd has put what LoadCredential= names
	mostHandedOver       = 64 << 10                // bytes of one credential
)

// credentialNames are the variables that sign in.
func credentialNames() []string {
	return []string{"ZLOCK_CLIENT_ID", "ZLOCK_CLIENT_SECRET", "ZLOCK_REFRESH_TOKEN", "ZLOCK_ACCESS_TOKEN"}
}

// handedOver is the environment, and in it what a service manager has handed over in files that are called as
// the variables are. A variable that is set wins over its file.
func (w World) handedOver() (environ []string, err error) {
	dir := w.env(credentialsDirectory)
	if dir == "" {
		return w.Environ, nil
	}
	environ = slices.Clone(w.Environ)
	for _, name := range credentialNames() {
		if w.env(name) != "" {
			continue
		}
		text, unread := readHandedOver(w.path(filepath.Join(dir, name)))
		if unread != nil {
			err = errors.Join(err, unread)
			continue
		}
		environ = append(environ, name+"="+text)
	}
	return environ, err
}

// readHandedOver reads a credential from its file; "" where there is none.
func readHandedOver(path string) (string, error) {
	refuse := func(why string) (string, error) {
		return "", usage(fmt.Sprintf("credential %s: %s", clean(path), clean(why)),
			"let it hold the credential alone, on one line; or take it away from "+credentialsDirectory)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOTDIR):
		return "", nil // the directory, too, may be another's: that of a service which has started this user's zlock
	case err != nil:
		return refuse(err.Error())
	case !info.Mode().IsRegular():
		return refuse("it is not a file")
	case info.Size() > mostHandedOver:
		return refuse("it is too large")
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return refuse(err.Error())
	}
	text := strings.TrimSpace(string(body))
	if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return refuse("it holds more than one line")
	}
	return text, nil
}
