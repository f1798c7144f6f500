// Package tools finds the programs of the system that a cluster needs.
package tools

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Found holds where they are.
type Found struct {
	Containerd string
	Ctr        string
	Runc       string
	CNIPlugins string
}

// Some are in folders that a user's PATH may lack.
var systemFolders = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

var cniFolders = []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"}

var cniPlugins = []string{"bridge", "host-local", "loopback", "portmap"}

// Path is the caller's PATH with the system's folders after it.
func Path() string {
	return strings.Join(append(filepath.SplitList(os.Getenv("PATH")), systemFolders...), ":")
}

// Find looks for all of them and names all that are missing.
func Find() (Found, error) {
	var found Found
	var missing []string
	for name, place := range map[string]*string{"containerd": &found.Containerd, "ctr": &found.Ctr, "runc": &found.Runc} {
		*place = Program(name)
		if *place == "" {
			missing = append(missing, name)
		}
	}
	for _, name := range []string{"iptables", "iptables-save", "iptables-restore", "mount", "conntrack"} {
		if Program(name) == "" {
			missing = append(missing, name)
		}
	}
	found.CNIPlugins = folderOfPlugins()
	if found.CNIPlugins == "" {
		missing = append(missing, "CNI plug-ins "+strings.Join(cniPlugins, ", "))
	}
	if len(missing) > 0 {
		return found, fmt.Errorf("missing on this computer: %s (the Debian packages are listed in packages.txt; build.sh installs them)", strings.Join(missing, "; "))
	}
	return found, nil
}

// Program is the file of a program, or empty.
func Program(name string) string {
	if file, err := exec.LookPath(name); err == nil {
		if file, err = filepath.Abs(file); err == nil {
			return file
		}
	}
	for _, folder := range systemFolders {
		if file, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return file
		}
	}
	return ""
}

func folderOfPlugins() string {
	for _, folder := range cniFolders {
		complete := true
		for _, plugin := range cniPlugins {
			if _, err := os.Stat(filepath.Join(folder, plugin)); err != nil {
				complete = false
			}
		}
		if complete {
			return folder
		}
	}
	return ""
}
