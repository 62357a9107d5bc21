package proof_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// workshop is where what all tests share is made; TestMain removes it.
var workshop = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "zlock-proof") })

// program builds zlock with its crash marks armed, once, and returns the binary.
var program = sync.OnceValues(func() (string, error) {
	dir, err := workshop()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "zlock")
	build := exec.Command("go", "build", "-tags", "crash", "-o", binary, ".")
	build.Dir = ".."
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build zlock: %w\n%s", err, said)
	}
	return binary, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := workshop(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}
