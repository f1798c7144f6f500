package node

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// hidden are the folders of the computer that a node has to itself, empty.
var hidden = []string{"/run", "/var/lib", "/var/log"}

// isolateMounts gives the node its own view of the file system. Nothing that
// is mounted from here on is seen outside, and all of it goes with the node.
func isolateMounts(stateDir string) error {
	state, err := unix.Open(stateDir, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(state)
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return err
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return err
	}
	for _, dir := range hidden {
		if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
	if _, err := os.Stat(stateDir); err == nil {
		return nil
	}
	// The state folder lies in one of the hidden ones: bring it back.
	if err := os.MkdirAll(stateDir, 0o755); err != nil {
		return err
	}
	return unix.Mount(fmt.Sprintf("/proc/self/fd/%d", state), stateDir, "", unix.MS_BIND|unix.MS_REC, "")
}

func setHostname(name string) error { return unix.Sethostname([]byte(name)) }
