package golden;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.rocketmq.common.UtilAll;
import org.apache.rocketmq.common.compression.CompressionType;
import org.apache.rocketmq.common.compression.CompressorFactory;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageBatch;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageExtBrokerInner;
import org.apache.rocketmq.common.message.MessageId;
import org.apache.rocketmq.common.sysflag.MessageSysFlag;

/** Message records, batches, ids, property strings and hashes. */
final class Messages {
    private final Out out;

    Messages(Out out) {
        this.out = out;
    }

    void write() throws Exception {
        records();
        batch();
        ids();
        properties();
        hashes();
        compressed();
    }

    private void records() throws Exception {
        for (boolean bornV6 : new boolean[] {false, true}) {
            for (boolean storeV6 : new boolean[] {false, true}) {
                MessageExt message = message(bornV6, storeV6);
                String name = "messages/record_born" + (bornV6 ? 6 : 4) + "_store" + (storeV6 ? 6 : 4) + ".bin";
                out.file(name, MessageDecoder.encode(message, false), describe(message));
            }
        }
    }

    static MessageExt message(boolean bornV6, boolean storeV6) throws Exception {
        MessageExt message = new MessageExt();
        message.setTopic("golden_topic");
        message.setBody(Frames.BODY);
        message.setBodyCRC(UtilAll.crc32(Frames.BODY));
        message.setFlag(5);
        message.setQueueId(3);
        message.setQueueOffset(1234567890123L);
        message.setCommitLogOffset(9876543210L);
        message.setBornTimestamp(1700000000000L);
        message.setStoreTimestamp(1700000000123L);
        message.setBornHost(host(bornV6, 40001));
        message.setStoreHost(host(storeV6, 10911));
        int sysFlag = MessageSysFlag.MULTI_TAGS_FLAG;
        if (bornV6) {
            sysFlag |= MessageSysFlag.BORNHOST_V6_FLAG;
        }
        if (storeV6) {
            sysFlag |= MessageSysFlag.STOREHOSTADDRESS_V6_FLAG;
        }
        message.setSysFlag(sysFlag);
        message.setReconsumeTimes(2);
        message.setPreparedTransactionOffset(77L);
        message.setTags("tagA");
        message.setKeys("key1 key2");
        message.putUserProperty("name", "\u4e2d\u6587 \ud83d\ude80");
        return message;
    }

    static InetSocketAddress host(boolean v6, int port) throws Exception {
        byte[] address = v6
            ? Inet6Address.getByName("2001:db8::1:2").getAddress()
            : new byte[] {10, 1, 2, (byte) 200};
        return new InetSocketAddress(InetAddress.getByAddress(address), port);
    }

    static Map<String, Object> describe(MessageExt message) {
        return Out.map(
            "topic", message.getTopic(),
            "queueId", message.getQueueId(),
            "flag", message.getFlag(),
            "queueOffset", message.getQueueOffset(),
            "physicalOffset", message.getCommitLogOffset(),
            "sysFlag", message.getSysFlag(),
            "bornTimestamp", message.getBornTimestamp(),
            "bornHost", address((InetSocketAddress) message.getBornHost()),
            "storeTimestamp", message.getStoreTimestamp(),
            "storeHost", address((InetSocketAddress) message.getStoreHost()),
            "reconsumeTimes", message.getReconsumeTimes(),
            "preparedTransactionOffset", message.getPreparedTransactionOffset(),
            "bodyCrc", message.getBodyCRC(),
            "bodyHex", message.getBody() == null ? "" : Out.hex(message.getBody()),
            "properties", message.getProperties() == null ? Map.of() : new TreeMap<>(message.getProperties()));
    }

    static String address(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    private void batch() throws Exception {
        List<Message> list = new ArrayList<>();
        List<Object> expected = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Message message = new Message("golden_topic", "tag" + i, "key" + i, i, ("body " + i).repeat(i).getBytes(StandardCharsets.UTF_8), true);
            message.putUserProperty("index", "\u6570" + i);
            list.add(message);
            expected.add(Out.map("flag", message.getFlag(), "bodyHex", Out.hex(message.getBody()),
                "properties", new TreeMap<>(message.getProperties())));
        }
        out.file("messages/batch_body.bin", MessageBatch.generateFromList(list).encode(), Out.map("messages", expected));
    }

    private void ids() throws Exception {
        List<Object> rows = new ArrayList<>();
        for (boolean v6 : new boolean[] {false, true}) {
            for (long offset : new long[] {0, 4096, 0x123456789ABCDEFL}) {
                InetSocketAddress host = host(v6, 10911);
                String id = MessageDecoder.createMessageId(host, offset);
                MessageId back = MessageDecoder.decodeMessageId(id);
                rows.add(Out.map("msgId", id, "host", address((InetSocketAddress) back.getAddress()), "offset", back.getOffset()));
            }
        }
        out.json("messages/offset_msg_ids.json", rows);
    }

    private void properties() throws Exception {
        Map<String, String> sample = new LinkedHashMap<>();
        sample.put("TAGS", "tagA");
        sample.put("KEYS", "k1 k2");
        sample.put("name", "\u4e2d\u6587 \ud83d\ude80");
        sample.put("empty", "");
        sample.put("nothing", null);
        List<Object> rows = new ArrayList<>();
        String[] raw = {
            "", "TAGS\u0001a\u0002", "TAGS\u0001a", "a\u0001b\u0002c\u0001d", "\u0001x\u0002", "abc\u0002", "x\u0001\u0002",
            "a\u0001b\u0001c\u0002", "ab\u0001\u0002cd\u0001ef\u0002", "\u0002\u0002k\u0001v\u0002", "k\u0001v1\u0002k\u0001v2\u0002",
            MessageDecoder.messageProperties2String(sample)
        };
        for (String text : raw) {
            Map<String, String> parsed = MessageDecoder.string2messageProperties(text);
            rows.add(Out.map("raw", text, "parsed", new TreeMap<>(parsed)));
        }
        out.json("messages/properties.json", rows);
    }

    private void hashes() throws Exception {
        List<Object> rows = new ArrayList<>();
        for (String text : new String[] {"a", "tagA", "TAG-B", "\u4e2d\u6587", "\ud83d\ude80 rocket", "polygenelubricants",
            "golden_topic#key1", "golden_topic#0A0B0C0D00002A9F0000000000001234"}) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            int hash = Math.abs(text.hashCode());
            rows.add(Out.map("text", text, "tagsCode", MessageExtBrokerInner.tagsString2tagsCode(text),
                "indexHash", Math.max(hash, 0), "crc32", UtilAll.crc32(utf8)));
        }
        out.json("messages/hashes.json", rows);
    }

    private void compressed() throws Exception {
        byte[] plain = "compress me, please. ".repeat(40).getBytes(StandardCharsets.UTF_8);
        for (CompressionType type : CompressionType.values()) {
            byte[] packed = CompressorFactory.getCompressor(type).compress(plain, 5);
            out.file("messages/compressed_" + type.name().toLowerCase() + ".bin", packed,
                Out.map("sysFlagBits", 1 | type.getCompressionFlag(), "plain", new String(plain, StandardCharsets.UTF_8)));
        }
    }
}
