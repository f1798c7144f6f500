// Package procs starts long-lived processes and finds them again.
//
// Every process carries a mark in its environment: the cluster's random token
// and the unit's name. A later command looks for the mark, so nothing that was
// started is lost if the starter dies, and a recycled process id is never
// taken for ours.
package procs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const markVariable = "LOCALKUBE_UNIT"

// Token tells one cluster's processes from all others.
type Token string

// Unit describes a process to start.
type Unit struct {
	Name       string
	Path       string
	Args       []string
	Env        []string // added to the caller's
	Log        string
	Namespaces uintptr // clone flags
}

// Process is one that was found.
type Process struct {
	PID  int
	Unit string
}

func mark(token Token, unit string) string {
	return fmt.Sprintf("%s=%s/%s", markVariable, token, unit)
}

// Start runs the unit detached from the caller, its output appended to its log.
func Start(token Token, unit Unit) (int, error) {
	if err := os.MkdirAll(filepath.Dir(unit.Log), 0o755); err != nil {
		return 0, err
	}
	log, err := os.OpenFile(unit.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	cmd := exec.Command(unit.Path)
	cmd.Args = append([]string{unit.Path}, unit.Args...)
	cmd.Env = append(append(os.Environ(), unit.Env...), mark(token, unit.Name))
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: unit.Namespaces}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start %s: %w", unit.Name, err)
	}
	pid := cmd.Process.Pid
	go cmd.Wait() // no zombie while this command lives
	return pid, nil
}

// Find lists the processes of one unit, or of all units if none is named.
func Find(token Token, unit string) ([]Process, error) {
	if token == "" {
		return nil, errors.New("no token")
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var found []Process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		name, ok := unitOf(token, pid)
		if ok && (unit == "" || name == unit) {
			found = append(found, Process{PID: pid, Unit: name})
		}
	}
	return found, nil
}

// Alive tells whether a process of the unit runs.
func Alive(token Token, unit string) bool {
	found, _ := Find(token, unit)
	return len(found) > 0
}

// NamespaceInit is the process of the unit that is number 1 of its own process
// namespace, or 0.
func NamespaceInit(token Token, unit string) int {
	found, _ := Find(token, unit)
	for _, p := range found {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID))
		if err == nil && isNamespaceInit(string(status)) {
			return p.PID
		}
	}
	return 0
}

// Kill ends the processes of the unit (of all units if none is named) and
// waits until they are gone.
func Kill(token Token, unit string, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for {
		found, err := Find(token, unit)
		if err != nil || len(found) == 0 {
			return err
		}
		for _, p := range found {
			if !kill(token, p, time.Until(deadline)) {
				return fmt.Errorf("%s (process %d) is still alive after %s", p.Unit, p.PID, limit)
			}
		}
	}
}

// kill holds on to the process before it looks at the mark a second time, so
// the signal can't reach a stranger that took over the number meanwhile. It
// waits for the end of the process; the first process of a namespace ends
// after all others in there.
func kill(token Token, p Process, limit time.Duration) (ended bool) {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	if name, ok := unitOf(token, p.PID); !ok || name != p.Unit {
		return true
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil {
		return true
	}
	deadline := time.Now().Add(limit)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(max(time.Until(deadline).Milliseconds(), 0)))
		if n > 0 {
			return true
		}
		if err != unix.EINTR {
			return false
		}
	}
}

// A zombie has no environment left and so is never found.
func unitOf(token Token, pid int) (string, bool) {
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return "", false
	}
	return unitIn(token, environ)
}

func unitIn(token Token, environ []byte) (string, bool) {
	prefix := []byte(mark(token, ""))
	for _, variable := range bytes.Split(environ, []byte{0}) {
		if name, ok := bytes.CutPrefix(variable, prefix); ok {
			return string(name), true
		}
	}
	return "", false
}

func isNamespaceInit(status string) bool {
	for _, line := range strings.Split(status, "\n") {
		if ids, ok := strings.CutPrefix(line, "NSpid:"); ok {
			fields := strings.Fields(ids)
			return len(fields) > 1 && fields[len(fields)-1] == "1"
		}
	}
	return false
}
