package clients;

import clients.soak.Ledger;
import clients.soak.Receiver;
import clients.soak.Sender;
import clients.soak.StoreReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Sends and receives numbered messages while servers come and go, then checks its history: no acknowledged message is lost,
 * undelivered, displaced by another or out of order; how far committed offsets went back is told.
 * `Soak --namesrv A [--topic T] [--seconds 60] [--rate 200] [--threads 4] [--size 256] [--drain 60] [--poll 30000] [--summary FILE]`
 * --poll: ms between the client's looks at routes; the default is the client's own.
 * The last line it prints is a JSON summary. Exit status: 0 all acknowledged messages stored and delivered, 1 not (or none acknowledged), 2 it could not run.
 */
public final class Soak {
    public static void main(String[] args) {
        try {
            System.exit(run(new Options(args)) ? 0 : 1);
        } catch (Throwable error) {
            System.err.println("soak could not run: " + error);
            System.exit(2);
        }
    }

    private static boolean run(Options options) throws Exception {
        String namesrv = options.namesrv();
        String topic = options.get("topic", "SoakTopic");
        String run = Long.toString(System.currentTimeMillis(), 36);
        int seconds = options.number("seconds", 60);
        Ledger ledger = new Ledger();
        int pollMs = options.number("poll", 30_000);
        Sender sender = new Sender(namesrv, pollMs, topic, run, options.number("rate", 200), options.number("threads", 4), options.number("size", 256), ledger);
        sender.first();
        Receiver receiver = new Receiver(namesrv, pollMs, topic, run, ledger);
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        sender.start(end);
        while (System.nanoTime() < end) {
            Thread.sleep(Math.max(1, Math.min(5000, (end - System.nanoTime()) / 1_000_000)));
            System.err.println(ledger.progress());
        }
        sender.finish();
        long drainMs = options.number("drain", 60) * 1000L;
        Check.holdsWithin(drainMs, () -> ledger.undelivered().isEmpty());
        receiver.close();
        StoreReader.read(namesrv, topic, run, ledger, drainMs);
        Map<String, Object> summary = ledger.summary();
        String json = com.alibaba.fastjson2.JSON.toJSONString(summary);
        if (options.has("summary")) {
            Files.writeString(Path.of(options.get("summary", "")), json + "\n");
        }
        System.out.println(json);
        return ledger.acknowledgedCount() > 0 && ledger.lost().isEmpty() && ledger.undelivered().isEmpty() && ledger.displaced().isEmpty()
            && ledger.outOfOrder().isEmpty();
    }
}
