package clients.soak;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** What was acknowledged, received and found in the store. Only SEND_OK counts as acknowledged; other answers promise nothing. */
public final class Ledger {
    private static final long OUTAGE_MS = 200;
    private final AtomicLong attempted = new AtomicLong();
    private final AtomicLong unknown = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final AtomicLong deliveries = new AtomicLong();
    private final Map<Long, Long> acknowledged = new ConcurrentHashMap<>(); // number -> send time, us
    private final Set<Long> received = ConcurrentHashMap.newKeySet();
    private final Set<Long> stored = ConcurrentHashMap.newKeySet();
    private final History history = new History();
    private final Map<String, Long> errors = new ConcurrentHashMap<>();
    private volatile boolean storeRead;
    private volatile long rewinds;
    private volatile long rewoundBy;

    void sending() {
        attempted.incrementAndGet();
    }

    void acknowledge(long number, String queue, long offset, long beginNs, long endNs) {
        acknowledged.put(number, (endNs - beginNs) / 1000);
        history.acknowledge(number, queue, offset, beginNs, endNs);
    }

    void notOk(String status) {
        unknown.incrementAndGet();
        errors.merge(status, 1L, Long::sum);
    }

    void fail(Throwable error) {
        failed.incrementAndGet();
        errors.merge(error.getClass().getSimpleName(), 1L, Long::sum);
    }

    void receive(long number) {
        deliveries.incrementAndGet();
        received.add(number);
    }

    void store(long number, String queue, long offset) {
        stored.add(number);
        history.store(number, queue, offset);
    }

    void rewinds(long times, long farthest) {
        rewinds = times;
        rewoundBy = farthest;
    }

    void storeRead() {
        storeRead = true;
    }

    public int acknowledgedCount() {
        return acknowledged.size();
    }

    public List<Long> undelivered() {
        return missing(received);
    }

    /** Acknowledged, but not in the store at the end (if that couldn't be read: not delivered). */
    public List<Long> lost() {
        return missing(storeRead ? stored : received);
    }

    public List<Long> displaced() {
        return history.displaced();
    }

    public List<Long> outOfOrder() {
        return history.outOfOrder();
    }

    private List<Long> missing(Set<Long> from) {
        List<Long> missing = new ArrayList<>();
        for (Long number : acknowledged.keySet()) {
            if (!from.contains(number)) {
                missing.add(number);
            }
        }
        missing.sort(null);
        return missing;
    }

    public String progress() {
        return "attempted " + attempted + ", acknowledged " + acknowledged.size() + ", unknown " + unknown + ", failed " + failed
            + ", received " + received.size();
    }

    public Map<String, Object> summary() {
        List<Long> lost = lost();
        List<Long> undelivered = undelivered();
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("attempted", attempted.get());
        map.put("acknowledged", acknowledged.size());
        map.put("unknown", unknown.get());
        map.put("failed", failed.get());
        map.put("received", received.size());
        map.put("duplicated", deliveries.get() - received.size());
        map.put("lost", lost.size());
        map.put("undelivered", undelivered.size());
        map.put("displaced", displaced().size());
        map.put("outOfOrder", outOfOrder().size());
        map.put("offsetRewinds", rewinds);
        map.put("offsetRewoundBy", rewoundBy);
        map.put("storeRead", storeRead);
        List<long[]> outages = history.outages(OUTAGE_MS);
        map.put("longestOutageMs", outages.stream().mapToLong(span -> span[1] - span[0]).max().orElse(0));
        map.put("outages", outages);
        map.put("sendP50Us", percentile(50));
        map.put("sendP99Us", percentile(99));
        map.put("errors", errors);
        map.put("lostSample", lost.subList(0, Math.min(20, lost.size())));
        map.put("undeliveredSample", undelivered.subList(0, Math.min(20, undelivered.size())));
        return map;
    }

    private long percentile(int percent) {
        long[] times = acknowledged.values().stream().mapToLong(Long::longValue).sorted().toArray();
        return times.length == 0 ? 0 : times[(int) Math.min(times.length - 1L, (long) times.length * percent / 100)];
    }
}
