//go:build !linux

package checkpoint

// NetworkFS names the network file system that a path lies on; it knows none but on Linux.
func NetworkFS(string) string { return "" }
