package main

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/admin"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

var runID = fmt.Sprintf("%x", time.Now().UnixMilli())

// env gives one test names of its own, and clients that are closed when it ends.
type env struct {
	namesrv string
	cluster string
	prefix  string
	closers []func()
}

func newEnv(namesrv, cluster, test string) *env {
	return &env{namesrv: namesrv, cluster: cluster, prefix: strings.ReplaceAll(test, "-", "_") + "_" + runID}
}

func (e *env) name(suffix string) string { return e.prefix + "_" + suffix }

func (e *env) close() {
	for i := len(e.closers) - 1; i >= 0; i-- {
		e.closers[i]()
	}
}

func (e *env) resolver() primitive.NsResolver {
	return primitive.NewPassthroughResolver([]string{e.namesrv})
}

// topic creates a topic on the cluster's first broker.
func (e *env) topic(suffix string, queues int) (string, error) {
	broker, err := brokerAddress(e.namesrv, e.cluster)
	if err != nil {
		return "", err
	}
	client, err := admin.NewAdmin(admin.WithResolver(e.resolver()))
	if err != nil {
		return "", err
	}
	topic := e.name(suffix)
	err = client.CreateTopic(context.Background(), admin.WithTopicCreate(topic), admin.WithBrokerAddrCreate(broker),
		admin.WithReadQueueNums(queues), admin.WithWriteQueueNums(queues))
	return topic, err
}

func (e *env) producer(options ...producer.Option) (rocketmq.Producer, error) {
	options = append([]producer.Option{producer.WithNsResolver(e.resolver()), producer.WithGroupName(e.name("p")),
		producer.WithInstanceName(e.name("p"))}, options...)
	p, err := rocketmq.NewProducer(options...)
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	e.closers = append(e.closers, func() { _ = p.Shutdown() })
	return p, nil
}

// push starts a consumer that gives each message to take.
func (e *env) push(topic string, selector consumer.MessageSelector, take func(*primitive.MessageExt) consumer.ConsumeResult, options ...consumer.Option) error {
	options = append([]consumer.Option{consumer.WithNsResolver(e.resolver()), consumer.WithGroupName(e.name("g")),
		consumer.WithInstance(e.name("g")), consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset)}, options...)
	c, err := rocketmq.NewPushConsumer(options...)
	if err != nil {
		return err
	}
	err = c.Subscribe(topic, selector, func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			if result := take(message); result != consumer.ConsumeSuccess {
				return result, nil
			}
		}
		return consumer.ConsumeSuccess, nil
	})
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	e.closers = append(e.closers, func() { _ = c.Shutdown() })
	return nil
}

// bag collects keys from many goroutines.
type bag struct {
	lock sync.Mutex
	keys []string
}

func (b *bag) add(key string) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.keys = append(b.keys, key)
}

func (b *bag) list() []string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return append([]string(nil), b.keys...)
}

// same waits until as many keys came, then compares them without regard to order.
func (b *bag) same(want []string, limit time.Duration) error {
	_ = await(limit, "", func() bool { return len(b.list()) >= len(want) })
	got := b.list()
	want = append([]string(nil), want...)
	sort.Strings(got)
	sort.Strings(want)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		return fmt.Errorf("expected %d keys %.200v, got %d %.200v", len(want), want, len(got), got)
	}
	return nil
}

func await(limit time.Duration, what string, holds func() bool) error {
	end := time.Now().Add(limit)
	for !holds() {
		if time.Now().After(end) {
			return fmt.Errorf("after %v still not: %s", limit, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

func message(topic, key string) *primitive.Message {
	m := primitive.NewMessage(topic, []byte("body of "+key))
	m.WithKeys([]string{key})
	return m
}
