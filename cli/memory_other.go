//go:build !linux

package cli

// HideMemory does nothing here: only Linux lets a process ask to be left out of core dumps by itself.
func HideMemory() {}
