package clients.soak;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Where acknowledged messages were said to be, and where they are in the end.
 * A queue offset that was given for one message and holds another was given out twice. Of two messages of one queue, one
 * sent after the other was acknowledged has the greater offset.
 */
final class History {
    private record Acknowledged(long number, String queue, long offset, long beginNs, long endNs) {
    }

    private final ConcurrentLinkedQueue<Acknowledged> acknowledged = new ConcurrentLinkedQueue<>();
    private final Map<String, Map<Long, Long>> stored = new ConcurrentHashMap<>(); // queue -> offset -> number

    void acknowledge(long number, String queue, long offset, long beginNs, long endNs) {
        acknowledged.add(new Acknowledged(number, queue, offset, beginNs, endNs));
    }

    void store(long number, String queue, long offset) {
        stored.computeIfAbsent(queue, name -> new ConcurrentHashMap<>()).put(offset, number);
    }

    /** Acknowledged messages whose place holds another message now, or that share their place with another acknowledged one. */
    List<Long> displaced() {
        List<Long> displaced = new ArrayList<>();
        Map<String, Long> places = new ConcurrentHashMap<>();
        for (Acknowledged message : acknowledged) {
            Long there = stored.getOrDefault(message.queue, Map.of()).get(message.offset);
            Long before = places.putIfAbsent(message.queue + "@" + message.offset, message.number);
            if (there != null && there != message.number || before != null && before != message.number) {
                displaced.add(message.number);
            }
        }
        return displaced;
    }

    /** Acknowledged messages that stand before one of their queue that had been acknowledged before they were sent. */
    List<Long> outOfOrder() {
        List<Long> wrong = new ArrayList<>();
        List<Acknowledged> all = new ArrayList<>(acknowledged);
        all.sort(Comparator.comparing(Acknowledged::queue).thenComparingLong(Acknowledged::offset));
        String queue = null;
        long latestBegin = Long.MIN_VALUE;
        for (Acknowledged message : all) {
            if (!message.queue.equals(queue)) {
                queue = message.queue;
                latestBegin = Long.MIN_VALUE;
            }
            if (message.endNs < latestBegin) {
                wrong.add(message.number);
            }
            latestBegin = Math.max(latestBegin, message.beginNs);
        }
        return wrong;
    }

    /** Times without an acknowledgement of at least that length: begin and end, ms of the wall clock. */
    List<long[]> outages(long leastMs) {
        long toWallNs = System.currentTimeMillis() * 1_000_000 - System.nanoTime();
        long[] ends = acknowledged.stream().mapToLong(Acknowledged::endNs).sorted().toArray();
        List<long[]> outages = new ArrayList<>();
        for (int i = 1; i < ends.length; i++) {
            if (ends[i] - ends[i - 1] >= leastMs * 1_000_000) {
                outages.add(new long[] {(ends[i - 1] + toWallNs) / 1_000_000, (ends[i] + toWallNs) / 1_000_000});
            }
        }
        return outages;
    }
}
