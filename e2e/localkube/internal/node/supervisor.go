package node

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// self is this very program, wherever its file is.
const self = "/proc/self/exe"

const restartPause = time.Second

type program struct {
	name string
	path string
	args []string
	log  string
}

// supervisor is the parent of the node's programs and of all orphans. Programs
// that end are started again.
type supervisor struct {
	running map[int]program
	stopped []program
}

func newSupervisor() *supervisor { return &supervisor{running: map[int]program{}} }

func (s *supervisor) run(p program) {
	pid, err := start(p)
	if err != nil {
		say("%s does not start: %v", p.name, err)
		s.stopped = append(s.stopped, p)
		return
	}
	s.running[pid] = p
}

// superviseForever collects ended processes, the way process number 1 must.
func (s *supervisor) superviseForever() error {
	for {
		if len(s.stopped) > 0 {
			time.Sleep(restartPause)
			again := s.stopped
			s.stopped = nil
			for _, p := range again {
				s.run(p)
			}
			continue
		}
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("wait: %w", err)
		}
		if p, ours := s.running[pid]; ours {
			delete(s.running, pid)
			say("%s ended (exit code %d, signal %d); starting it again", p.name, status.ExitStatus(), status.Signal())
			s.stopped = append(s.stopped, p)
		}
	}
}

func start(p program) (int, error) {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	return syscall.ForkExec(p.path, append([]string{p.name}, p.args...), &syscall.ProcAttr{
		Dir:   "/",
		Env:   os.Environ(),
		Files: []uintptr{null.Fd(), log.Fd(), log.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
}

func say(format string, args ...any) {
	fmt.Printf("%s node: %s\n", time.Now().Format("15:04:05.000"), fmt.Sprintf(format, args...))
}
