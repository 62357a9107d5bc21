package cli_test

import (
	"testing"

	"zlock/cli"
)

func TestNetworkFileSystemsAreRefused(t *testing.T) {
	s := newStage(t)
	s.file("job.csv", "id,module,action,reason\n"+leadID(1)+",Leads,lock,x\n")
	s.world = func(w *cli.World) { w.NetworkFS = func(string) string { return "NFS" } }
	s.want(s.run("run", "job.csv", "--simulate"), 2, "network file system (NFS)", "--allow-network-fs")
	s.want(s.run("run", "job.csv", "--simulate", "--allow-network-fs"), 0, "1  locked")
	s.want(s.run("status"), 0)
	s.env["ZLOCK_ALLOW_NETWORK_FS"] = "true"
	s.want(s.run("resume"), 0, "nothing")
}
