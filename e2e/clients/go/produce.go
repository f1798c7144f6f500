package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

var all = consumer.MessageSelector{Type: consumer.TAG, Expression: "*"}

func numbered(count int) []string {
	keys := make([]string, count)
	for i := range keys {
		keys[i] = fmt.Sprintf("k%d", i)
	}
	return keys
}

// delivered subscribes to the topic and checks that exactly these keys come.
func delivered(e *env, topic string, keys []string) error {
	got := &bag{}
	err := e.push(topic, all, func(m *primitive.MessageExt) consumer.ConsumeResult {
		got.add(m.GetKeys())
		return consumer.ConsumeSuccess
	})
	if err != nil {
		return err
	}
	return got.same(keys, 30*time.Second)
}

func sendSync(e *env) error {
	topic, err := e.topic("t", 4)
	if err != nil {
		return err
	}
	p, err := e.producer()
	if err != nil {
		return err
	}
	for _, key := range numbered(20) {
		result, err := p.SendSync(context.Background(), message(topic, key))
		if err != nil {
			return err
		}
		if result.Status != primitive.SendOK || result.MsgID == "" || result.OffsetMsgID == "" {
			return fmt.Errorf("result %v", result)
		}
	}
	return delivered(e, topic, numbered(20))
}

func sendAsync(e *env) error {
	topic, err := e.topic("t", 4)
	if err != nil {
		return err
	}
	p, err := e.producer()
	if err != nil {
		return err
	}
	var waiting sync.WaitGroup
	failures := &bag{}
	for _, key := range numbered(50) {
		waiting.Add(1)
		err := p.SendAsync(context.Background(), func(_ context.Context, _ *primitive.SendResult, err error) {
			if err != nil {
				failures.add(err.Error())
			}
			waiting.Done()
		}, message(topic, key))
		if err != nil {
			return err
		}
	}
	waiting.Wait()
	if failed := failures.list(); len(failed) > 0 {
		return fmt.Errorf("%d failed: %s", len(failed), failed[0])
	}
	return delivered(e, topic, numbered(50))
}

func sendOneway(e *env) error {
	topic, err := e.topic("t", 4)
	if err != nil {
		return err
	}
	p, err := e.producer()
	if err != nil {
		return err
	}
	for _, key := range numbered(20) {
		if err := p.SendOneWay(context.Background(), message(topic, key)); err != nil {
			return err
		}
	}
	return delivered(e, topic, numbered(20))
}

func sendBatch(e *env) error {
	topic, err := e.topic("t", 1)
	if err != nil {
		return err
	}
	p, err := e.producer()
	if err != nil {
		return err
	}
	var batch []*primitive.Message
	for _, key := range numbered(20) {
		batch = append(batch, message(topic, key))
	}
	if _, err := p.SendSync(context.Background(), batch...); err != nil {
		return err
	}
	return delivered(e, topic, numbered(20))
}
