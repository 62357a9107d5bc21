package cli

// ParseFaults reads the faults of sim.
var ParseFaults = parseFaults
