package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageExt;

/** A message that always fails is delivered 1 + 2 times, then lies in the dead-letter topic as it was sent. */
public final class RetryDeadLetter implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 1);
        String group = env.name("g"); // its retry topic is left to the broker
        Queue<String> seen = new ConcurrentLinkedQueue<>();
        DefaultMQPushConsumer consumer = env.newPush(group, topic, "*");
        consumer.setMaxReconsumeTimes(2);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                seen.add(message.getReconsumeTimes() + ":" + message.getTopic());
            }
            context.setDelayLevelWhenNextConsume(1);
            return ConsumeConcurrentlyStatus.RECONSUME_LATER;
        });
        consumer.start();
        Message message = env.message(topic, "doomed");
        message.setTags("tag");
        message.putUserProperty("mine", "\u503c");
        String id = env.producer().send(message).getMsgId();

        Check.await(70_000, "three deliveries, got " + seen, () -> seen.size() >= 3);
        Check.same(List.of("0:" + topic, "1:" + topic, "2:" + topic), List.copyOf(seen), "deliveries");
        String dead = "%DLQ%" + group;
        Check.await(10_000, "route of " + dead, () -> {
            try {
                return !env.admin().examineTopicRouteInfo(dead).getQueueDatas().isEmpty();
            } catch (Exception notYet) {
                return false;
            }
        });
        List<MessageExt> letters = env.drain(dead, 1, 10_000);
        Check.same(1, letters.size(), "dead letters");
        MessageExt letter = letters.get(0);
        Check.same("doomed", letter.getKeys(), "keys");
        Check.same("tag", letter.getTags(), "tags");
        Check.same("\u503c", letter.getUserProperty("mine"), "user property");
        Check.same("body of doomed", new String(letter.getBody()), "body");
        Check.same(topic, letter.getProperty(MessageConst.PROPERTY_RETRY_TOPIC), "origin topic");
        Check.same(id, letter.getMsgId(), "unique id");
        Check.that(letter.getProperty(MessageConst.PROPERTY_ORIGIN_MESSAGE_ID) != null, "origin message id");
        Check.that(!Check.holdsWithin(1500, () -> seen.size() > 3), "no delivery after that");
    }
}
