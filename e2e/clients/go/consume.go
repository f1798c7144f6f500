package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

func tagFilter(e *env) error {
	topic, err := e.topic("t", 2)
	if err != nil {
		return err
	}
	p, err := e.producer()
	if err != nil {
		return err
	}
	var want []string
	for i, key := range numbered(30) {
		m := message(topic, key)
		m.WithTag([]string{"red", "green", "blue"}[i%3])
		if _, err := p.SendSync(context.Background(), m); err != nil {
			return err
		}
		if i%3 != 1 {
			want = append(want, key)
		}
	}
	got := &bag{}
	err = e.push(topic, consumer.MessageSelector{Type: consumer.TAG, Expression: "red || blue"}, func(m *primitive.MessageExt) consumer.ConsumeResult {
		got.add(m.GetKeys())
		return consumer.ConsumeSuccess
	})
	if err != nil {
		return err
	}
	return got.same(want, 30*time.Second)
}

func orderly(e *env) error {
	topic, err := e.topic("t", 3)
	if err != nil {
		return err
	}
	// a hash queue selector keeps each sharding key in one queue
	p, err := e.producer(producer.WithQueueSelector(producer.NewHashQueueSelector()))
	if err != nil {
		return err
	}
	const total = 60
	for i := 0; i < total; i++ {
		m := message(topic, strconv.Itoa(i))
		m.WithShardingKey(strconv.Itoa(i % 5))
		if _, err := p.SendSync(context.Background(), m); err != nil {
			return err
		}
	}
	var lock sync.Mutex
	last := map[int]int{0: -5, 1: -4, 2: -3, 3: -2, 4: -1}
	count := 0
	var problem error
	err = e.push(topic, all, func(m *primitive.MessageExt) consumer.ConsumeResult {
		lock.Lock()
		defer lock.Unlock()
		number, _ := strconv.Atoi(m.GetKeys())
		if number != last[number%5]+5 {
			problem = fmt.Errorf("%d after %d", number, last[number%5])
		}
		last[number%5] = number
		count++
		return consumer.ConsumeSuccess
	}, consumer.WithConsumerOrder(true))
	if err != nil {
		return err
	}
	if err := await(40*time.Second, "all messages", func() bool { lock.Lock(); defer lock.Unlock(); return count >= total }); err != nil {
		return err
	}
	lock.Lock()
	defer lock.Unlock()
	return problem
}

func pull(e *env) error {
	topic, err := e.topic("t", 2)
	if err != nil {
		return err
	}
	p, err := e.producer()
	if err != nil {
		return err
	}
	for _, key := range numbered(40) {
		if _, err := p.SendSync(context.Background(), message(topic, key)); err != nil {
			return err
		}
	}
	c, err := rocketmq.NewPullConsumer(consumer.WithNsResolver(e.resolver()), consumer.WithGroupName(e.name("g")),
		consumer.WithInstance(e.name("g")), consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset))
	if err != nil {
		return err
	}
	if err := c.Subscribe(topic, all); err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	e.closers = append(e.closers, func() { _ = c.Shutdown() })
	got := &bag{}
	end := time.Now().Add(30 * time.Second)
	for len(got.list()) < 40 && time.Now().Before(end) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		request, err := c.Poll(ctx, time.Second)
		cancel()
		if consumer.IsNoNewMsgError(err) || err != nil {
			continue
		}
		for _, m := range request.GetMsgList() {
			got.add(m.GetKeys())
		}
		c.ACK(context.Background(), request, consumer.ConsumeSuccess)
	}
	return got.same(numbered(40), time.Second)
}

// retryAndDelay: a delayed message comes late; a message that fails once comes again.
func retryAndDelay(e *env) error {
	topic, err := e.topic("t", 1)
	if err != nil {
		return err
	}
	p, err := e.producer()
	if err != nil {
		return err
	}
	got := &bag{}
	var lock sync.Mutex
	var arrived time.Time
	err = e.push(topic, all, func(m *primitive.MessageExt) consumer.ConsumeResult {
		if m.GetKeys() == "late" {
			lock.Lock()
			arrived = time.Now()
			lock.Unlock()
		}
		got.add(fmt.Sprintf("%s/%d", m.GetKeys(), m.ReconsumeTimes))
		if m.GetKeys() == "again" && m.ReconsumeTimes == 0 {
			return consumer.ConsumeRetryLater
		}
		return consumer.ConsumeSuccess
	})
	if err != nil {
		return err
	}
	sent := time.Now()
	late := message(topic, "late")
	late.WithDelayTimeLevel(2)
	for _, m := range []*primitive.Message{late, message(topic, "again")} {
		if _, err := p.SendSync(context.Background(), m); err != nil {
			return err
		}
	}
	if err := got.same([]string{"late/0", "again/0", "again/1"}, 75*time.Second); err != nil {
		return err
	}
	lock.Lock()
	defer lock.Unlock()
	if took := arrived.Sub(sent); took < 4900*time.Millisecond || took > 9*time.Second {
		return fmt.Errorf("level 2 (5 s) took %v", took)
	}
	return nil
}
