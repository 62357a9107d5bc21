package checkpoint_test

import (
	"os"
	"testing"
)

// workDir is the directory of the tests that have no *testing.T for one.
var workDir string

func mustTemp() string {
	dir, err := os.MkdirTemp(workDir, "")
	if err != nil {
		panic(err)
	}
	return dir
}

// TestMain runs the tests, or, in a child process that a test has started, the child's part.
func TestMain(m *testing.M) {
	if part := os.Getenv("CHECKPOINT_TEST_CHILD"); part != "" {
		os.Exit(children[part]())
	}
	var err error
	if workDir, err = os.MkdirTemp("", "checkpoint"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(workDir)
	os.Exit(code)
}
