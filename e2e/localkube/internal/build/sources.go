package build

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// debianSources picks those of this computer's package sources that are of the
// release, in either of apt's two formats, as arguments to mmdebstrap.
func debianSources(suite string) ([]string, error) {
	var found []string
	for _, file := range sourceFiles("/etc/apt") {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(file, ".sources") {
			found = append(found, stanzas(string(content), suite)...)
		} else {
			found = append(found, lines(string(content), suite)...)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("apt on this computer has no source for %s", suite)
	}
	return found, nil
}

func sourceFiles(etc string) []string {
	files := []string{}
	if _, err := os.Stat(filepath.Join(etc, "sources.list")); err == nil {
		files = append(files, filepath.Join(etc, "sources.list"))
	}
	for _, pattern := range []string{"*.list", "*.sources"} {
		more, _ := filepath.Glob(filepath.Join(etc, "sources.list.d", pattern))
		files = append(files, more...)
	}
	return files
}

// lines reads the one-line format.
func lines(content, suite string) []string {
	var found []string
	for _, line := range strings.Split(content, "\n") {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "deb ") {
			continue
		}
		fields := strings.Fields(line)
		for i, field := range fields {
			if strings.Contains(field, "://") && i+1 < len(fields) && ofRelease(fields[i+1], suite) {
				found = append(found, line)
			}
		}
	}
	return found
}

// stanzas reads the other one and writes lines.
func stanzas(content, suite string) []string {
	var found []string
	for _, stanza := range strings.Split(content, "\n\n") {
		values := map[string][]string{}
		for _, line := range strings.Split(stanza, "\n") {
			key, value, ok := strings.Cut(line, ":")
			if ok && !strings.HasPrefix(line, "#") {
				values[strings.ToLower(key)] = strings.Fields(value)
			}
		}
		if !slices.Contains(values["types"], "deb") {
			continue
		}
		option := ""
		if signed := values["signed-by"]; len(signed) == 1 {
			option = "[signed-by=" + signed[0] + "] "
		}
		for _, uri := range values["uris"] {
			for _, release := range values["suites"] {
				if ofRelease(release, suite) {
					found = append(found, fmt.Sprintf("deb %s%s %s %s", option, uri, release, strings.Join(values["components"], " ")))
				}
			}
		}
	}
	return found
}

func ofRelease(name, suite string) bool {
	return name == suite || strings.HasPrefix(name, suite+"-") || strings.HasPrefix(name, suite+"/")
}
