package cluster

import (
	"context"
	"fmt"

	"rocketmq-operator.io/e2e/localkube/internal/layout"
	"rocketmq-operator.io/e2e/localkube/internal/parts"
	"rocketmq-operator.io/e2e/localkube/internal/procs"
)

// StopAPIServer kills the API server; all else goes on without it.
func StopAPIServer(paths layout.Paths) error {
	return withLocked(paths, func(c *Cluster, p *progress) error {
		if err := procs.Kill(c.state.Token, parts.APIServer, killLimit); err != nil {
			return err
		}
		p.say("the API server is stopped")
		return nil
	})
}

// StartAPIServer starts it again and waits until it answers.
func StartAPIServer(ctx context.Context, paths layout.Paths) error {
	return withLocked(paths, func(c *Cluster, p *progress) error {
		if procs.Alive(c.state.Token, parts.APIServer) {
			return fmt.Errorf("the API server runs already")
		}
		return c.startAPIServer(ctx, p)
	})
}

// RestartAPIServer does both.
func RestartAPIServer(ctx context.Context, paths layout.Paths) error {
	return withLocked(paths, func(c *Cluster, p *progress) error {
		if err := procs.Kill(c.state.Token, parts.APIServer, killLimit); err != nil {
			return err
		}
		return c.startAPIServer(ctx, p)
	})
}

func (c *Cluster) startAPIServer(ctx context.Context, p *progress) error {
	if err := c.startUnit(parts.APIServer); err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	err = c.waitFor(ctx, p, "the API server", []string{parts.APIServer}, func(ctx context.Context) error { return apiServerReady(ctx, client) })
	if err == nil {
		p.say("the API server is ready")
	}
	return err
}

func withLocked(paths layout.Paths, do func(*Cluster, *progress) error) error {
	unlock, err := lock(paths)
	if err != nil {
		return err
	}
	defer unlock()
	c, err := Open(paths)
	if err != nil {
		return err
	}
	return do(c, newProgress())
}
