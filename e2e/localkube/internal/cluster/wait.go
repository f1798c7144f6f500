package cluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Conditions are waited for long, for machines that are busy with other
// things; a healthy one never waits anywhere near this.
const (
	waitLimit    = 5 * time.Minute
	waitInterval = 100 * time.Millisecond
	waitNotice   = 20 * time.Second
	tailLines    = 15
)

// waitFor asks until there is no error any more. A failure shows the ends of
// the logs that may tell why.
func (c *Cluster) waitFor(ctx context.Context, p *progress, what string, units []string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, waitLimit)
	defer cancel()
	notice := time.Now().Add(waitNotice)
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("gave up waiting for %s (%w): %w%s", what, ctx.Err(), err, c.tails(units))
		case <-time.After(waitInterval):
		}
		if time.Now().After(notice) {
			p.say("still waiting for %s: %s", what, firstLine(err.Error()))
			notice = time.Now().Add(waitNotice)
		}
	}
}

func (c *Cluster) tails(units []string) string {
	var out strings.Builder
	for _, unit := range units {
		file := c.paths.Log(unit)
		fmt.Fprintf(&out, "\n--- the end of %s:\n%s", file, tail(file, tailLines))
	}
	return out.String()
}

// tail is the last lines of a file that may be long.
func tail(file string, lines int) string {
	f, err := os.Open(file)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	const enough = 64 << 10
	if info, err := f.Stat(); err == nil && info.Size() > enough {
		f.Seek(-enough, io.SeekEnd)
	}
	content, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
