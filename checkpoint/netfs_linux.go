package checkpoint

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// NetworkFS names the network file system that a path, or the nearest directory above it that there
// is, lies on; "" where it lies on none that is known. SQLite's promises hang on locks and on syncs
// that such file systems often do not keep.
func NetworkFS(path string) string {
	names := map[uint32]string{
		unix.NFS_SUPER_MAGIC: "NFS", unix.SMB_SUPER_MAGIC: "SMB", 0xFF534D42: "CIFS", unix.SMB2_SUPER_MAGIC: "SMB",
		unix.AFS_SUPER_MAGIC: "AFS", unix.CODA_SUPER_MAGIC: "Coda", unix.CEPH_SUPER_MAGIC: "Ceph", 0x786F4256: "VirtualBox shared folder",
	}
	for {
		var s unix.Statfs_t
		if unix.Statfs(path, &s) == nil {
			return names[uint32(s.Type)]
		}
		above := filepath.Dir(path)
		if above == path {
			return ""
		}
		path = above
	}
}
