// The official Go client's tests: rmq-go-client --namesrv 127.0.0.1:9876 [tests...]
package main

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2/rlog"
)

type test struct {
	name string
	run  func(e *env) error
}

var tests = []test{
	{"go-retry-delay", retryAndDelay},
	{"go-orderly", orderly},
	{"go-send-sync", sendSync},
	{"go-send-async", sendAsync},
	{"go-send-oneway", sendOneway},
	{"go-send-batch", sendBatch},
	{"go-tag-filter", tagFilter},
	{"go-pull", pull},
}

func main() {
	namesrv := flag.String("namesrv", "127.0.0.1:9876", "name server address")
	cluster := flag.String("cluster", "DefaultCluster", "cluster to create topics in")
	parallel := flag.Int("parallel", 4, "tests at a time")
	flag.Parse()
	rlog.SetLogLevel("error")

	wanted := map[string]bool{}
	for _, name := range flag.Args() {
		wanted[name] = true
	}
	slots := make(chan struct{}, *parallel)
	var group sync.WaitGroup
	var lock sync.Mutex
	passed, failed := 0, 0
	for _, t := range tests {
		if len(wanted) > 0 && !wanted[t.name] {
			continue
		}
		group.Add(1)
		go func(t test) {
			defer group.Done()
			slots <- struct{}{}
			defer func() { <-slots }()
			begin := time.Now()
			e := newEnv(*namesrv, *cluster, t.name)
			err := within(90*time.Second, func() error { return t.run(e) })
			e.close()
			lock.Lock()
			defer lock.Unlock()
			if err != nil {
				failed++
				fmt.Printf("FAIL %s %v\n", t.name, err)
				return
			}
			passed++
			fmt.Printf("PASS %s %d ms\n", t.name, time.Since(begin).Milliseconds())
		}(t)
	}
	group.Wait()
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}

func within(limit time.Duration, run func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if problem := recover(); problem != nil {
				done <- fmt.Errorf("panic: %v", problem)
			}
		}()
		done <- run()
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		return fmt.Errorf("not done after %v", limit)
	}
}
