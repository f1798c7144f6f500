// The official 5.5.0 store with its HA services, driven from outside: proves that it follows our master and that we
// follow it. Commands on standard input, one answer line each (ha_probe.cc speaks the same):
//   master EPOCH ID | slave EPOCH ID MASTER_ID ADDRESS | classic-master | classic-slave ADDRESS
//   put COUNT -> how many were acknowledged (with all copies) | end | port | epochs | sum -> of the log's bytes | quit
//   HaProbe ROOT classic|epochs
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExtBrokerInner;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.PutMessageResult;
import org.apache.rocketmq.store.PutMessageStatus;
import org.apache.rocketmq.store.SelectMappedBufferResult;
import org.apache.rocketmq.store.config.BrokerRole;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import org.apache.rocketmq.store.ha.autoswitch.AutoSwitchHAService;
import org.apache.rocketmq.store.stats.BrokerStatsManager;

public class HaProbe {
    private static DefaultMessageStore store;
    private static MessageStoreConfig config;

    public static void main(String[] args) {
        try {
            run(args);
        } catch (Throwable failure) {
            failure.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    private static void run(String[] args) throws Exception {
        boolean epochs = args[1].equals("epochs");
        config = new MessageStoreConfig();
        config.setStorePathRootDir(args[0]);
        config.setStorePathCommitLog(args[0] + "/commitlog");
        config.setStorePathEpochFile(args[0] + "/epochFileCheckpoint");
        config.setMappedFileSizeCommitLog(64 * 1024);
        config.setMappedFileSizeConsumeQueue(100 * 20);
        config.setMaxHashSlotNum(1000);
        config.setMaxIndexNum(4000);
        config.setHaListenPort(0);
        config.setHaSendHeartbeatInterval(500);
        config.setDiskMaxUsedSpaceRatio(99);
        config.setMaxMessageSize(60 * 1024);
        config.setTimerWheelEnable(false);
        config.setSlaveTimeout(1000);
        BrokerConfig broker = new BrokerConfig();
        broker.setEnableControllerMode(epochs);
        if (epochs) {
            config.setAllAckInSyncStateSet(true);
            config.setBrokerRole(BrokerRole.SYNC_MASTER);
        } else {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
            String[] first = in.readLine().split(" ");
            config.setBrokerRole(first[0].equals("classic-slave") ? BrokerRole.SLAVE : BrokerRole.SYNC_MASTER);
            open(broker);
            if (first[0].equals("classic-slave")) store.getHaService().updateHaMasterAddress(first[1]);
            say("ok");
            serve(in);
        }
        open(broker);
        AutoSwitchHAService service = (AutoSwitchHAService) store.getHaService();
        service.registerSyncStateSetChangedListener(set -> service.setSyncStateSet(set));
        serve(new BufferedReader(new InputStreamReader(System.in)));
    }

    private static void open(BrokerConfig broker) throws Exception {
        store = new DefaultMessageStore(config, new BrokerStatsManager("c", false),
            (topic, queue, offset, tags, time, bitmap, properties) -> { }, broker, new ConcurrentHashMap<>());
        if (!store.load()) Runtime.getRuntime().halt(3);
        store.start();
    }

    private static void serve(BufferedReader in) throws Exception {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "master": say(lead(Integer.parseInt(words[1]), Long.parseLong(words[2]))); break;
                case "slave": say(follow(Integer.parseInt(words[1]), Long.parseLong(words[2]), words[4])); break;
                case "put": say(String.valueOf(put(Integer.parseInt(words[1])))); break;
                case "end": say(String.valueOf(store.getMaxPhyOffset())); break;
                case "port": say(String.valueOf(config.getHaListenPort())); break;
                case "epochs": say(epochs()); break;
                case "sum": say(sum()); break;
                default: store.shutdown(); say("bye"); Runtime.getRuntime().halt(0);
            }
        }
        Runtime.getRuntime().halt(0);
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static AutoSwitchHAService service() {
        return (AutoSwitchHAService) store.getHaService();
    }

    private static String lead(int epoch, long id) throws Exception {
        config.setBrokerRole(BrokerRole.SYNC_MASTER);
        service().setLocalBrokerId(id);
        boolean done = service().changeToMaster(epoch);
        Set<Long> self = new HashSet<>();
        self.add(id);
        service().setSyncStateSet(self);
        return done ? "ok" : "refused";
    }

    private static String follow(int epoch, long id, String address) {
        config.setBrokerRole(BrokerRole.SLAVE);
        service().setLocalBrokerId(id);
        boolean done = service().changeToSlave(address, epoch, id);
        service().updateHaMasterAddress(address);
        return done ? "ok" : "refused";
    }

    private static int put(int count) throws Exception {
        int acknowledged = 0;
        for (int i = 0; i < count; i++) {
            MessageExtBrokerInner message = new MessageExtBrokerInner();
            message.setTopic("T");
            message.setQueueId(i % 3);
            message.setTags("t");
            message.setBody(("java-" + i + "-" + "j".repeat(i % 700)).getBytes(StandardCharsets.UTF_8));
            message.setPropertiesString(MessageDecoder.messageProperties2String(message.getProperties()));
            message.setBornTimestamp(System.currentTimeMillis());
            message.setBornHost(new InetSocketAddress("127.0.0.1", 1));
            message.setStoreHost(new InetSocketAddress("127.0.0.1", 10911));
            PutMessageResult result = store.putMessage(message);
            if (result.getPutMessageStatus() == PutMessageStatus.PUT_OK) acknowledged++;
        }
        return acknowledged;
    }

    private static String epochs() {
        StringBuilder text = new StringBuilder();
        service().getEpochEntries().forEach(e -> text.append(e.getEpoch()).append('-').append(e.getStartOffset()).append(' '));
        return text.toString().trim();
    }

    private static String sum() {
        CRC32 crc = new CRC32();
        long min = Math.max(0, store.getMinPhyOffset());  // -1: there is nothing
        long at = min;
        while (at < store.getMaxPhyOffset()) {
            SelectMappedBufferResult piece = store.getCommitLogData(at);
            ByteBuffer bytes = piece.getByteBuffer().duplicate();
            crc.update(bytes);
            at += piece.getSize();
            piece.release();
        }
        return min + "-" + at + ":" + crc.getValue();
    }
}
