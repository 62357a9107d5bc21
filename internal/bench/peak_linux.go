package main

import (
	"os"
	"syscall"
)

// peakOf is the most memory that the process, or one of its children, ever had, in bytes.
func peakOf(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}
