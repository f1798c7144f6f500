package clients;

import clients.tests.*;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** All tests; the slow ones first, so that they overlap with the rest. A test's name is its class's, in kebab case. */
final class Tests {
    private Tests() {
    }

    static Map<String, TestCase> now() {
        return named(Stream.of(
            new RetryDeadLetter(), new Orderly(), new Rebalance(), new DelayLevels(), new OffsetByTimestamp(), new LongPolling(),
            new SendSync(), new SendAsync(), new SendOneway(), new SendBatch(), new SendSelectedQueue(),
            new TagFilter(), new PushClustering(), new Broadcasting(), new OffsetResume(),
            new PullConsumer(), new LitePullAssign(), new LitePullSubscribe(),
            new ViewById(), new QueryByKey(), new QueryByUniqueKey(), new QueueOffsets(), new QueueLocks(), new ConsumerList(),
            new CreateTopic(), new TopicAutoCreate(), new GroupAutoCreate(),
            new LargeMessage(), new PropertiesRoundTrip(), new CompressedBody()));
    }

    /** Parts of the broker that come later. */
    static Map<String, TestCase> later() {
        return named(Stream.of(
            new TransactionCheck(), new TransactionEnd(), new AdminTopics(), new AdminCluster(), new AdminConsumerProgress()));
    }

    private static Map<String, TestCase> named(Stream<TestCase> tests) {
        Map<String, TestCase> map = new LinkedHashMap<>();
        tests.forEach(test -> map.put(name(test), test));
        return map;
    }

    private static String name(TestCase test) {
        return test.getClass().getSimpleName().replaceAll("(?<=.)([A-Z])", "-$1").toLowerCase();
    }
}
