package golden;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;
import org.apache.rocketmq.acl.common.AclClientRPCHook;
import org.apache.rocketmq.acl.common.SessionCredentials;
import org.apache.rocketmq.remoting.CommandCustomHeader;
import org.apache.rocketmq.remoting.protocol.LanguageCode;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;
import org.apache.rocketmq.remoting.protocol.SerializeType;
import org.apache.rocketmq.remoting.protocol.header.PopMessageRequestHeader;
import org.apache.rocketmq.remoting.protocol.header.PullMessageRequestHeader;
import org.apache.rocketmq.remoting.protocol.header.PullMessageResponseHeader;
import org.apache.rocketmq.remoting.protocol.header.SendMessageRequestHeader;
import org.apache.rocketmq.remoting.protocol.header.SendMessageRequestHeaderV2;
import org.apache.rocketmq.remoting.protocol.header.SendMessageResponseHeader;
import org.apache.rocketmq.remoting.protocol.header.UpdateConsumerOffsetRequestHeader;
import org.apache.rocketmq.remoting.protocol.header.namesrv.GetRouteInfoRequestHeader;
import org.apache.rocketmq.remoting.protocol.header.namesrv.RegisterBrokerRequestHeader;

/** Whole remoting frames (with both length words), each in both header forms. */
final class Frames {
    static final byte[] BODY = "golden body \u00e4\u4e2d".getBytes(StandardCharsets.UTF_8);

    private final Out out;

    Frames(Out out) {
        this.out = out;
    }

    void write() throws Exception {
        for (SerializeType type : SerializeType.values()) {
            both(type);
        }
    }

    private void both(SerializeType type) throws Exception {
        RemotingCommand send = request(310, SendMessageRequestHeaderV2.createSendMessageRequestHeaderV2(sendHeader()), type);
        send.setBody(BODY);
        put("send_v2", send);

        RemotingCommand sendV1 = request(10, sendHeader(), type);
        sendV1.setBody(BODY);
        put("send_v1", sendV1);

        SendMessageResponseHeader sent = new SendMessageResponseHeader();
        sent.setMsgId("0A0B0C0D00002A9F0000000000001234");
        sent.setQueueId(3);
        sent.setQueueOffset(1234567890123L);
        sent.setTransactionId("0A0B0C0D00002A9F000000000000ABCD");
        RemotingCommand sentOk = response(0, sent, type);
        sentOk.addExtField("MSG_REGION", "DefaultRegion");
        sentOk.addExtField("TRACE_ON", "true");
        put("send_response", sentOk);

        RemotingCommand error = response(17, null, type);
        error.setRemark("topic[\u4e3b\u9898] \"not\" exist\n\tcontrol \u0001 and \ud83d\ude80 end \\ /");
        put("error_response", error);

        RemotingCommand bare = request(106, null, type);
        bare.setOpaque(-2);
        put("bare_request", bare);

        RemotingCommand emptyBody = response(0, null, type);
        emptyBody.setOpaque(Integer.MAX_VALUE);
        emptyBody.setBody(new byte[0]);
        emptyBody.setLanguage(LanguageCode.CPP);
        put("empty_body_response", emptyBody);

        UpdateConsumerOffsetRequestHeader commit = new UpdateConsumerOffsetRequestHeader();
        commit.setConsumerGroup("golden_group");
        commit.setTopic("golden_topic");
        commit.setQueueId(2);
        commit.setCommitOffset(99L);
        commit.setBrokerName("broker-a");
        RemotingCommand oneway = request(15, commit, type);
        oneway.markOnewayRPC();
        put("oneway_commit_offset", oneway);

        put("pull_request", request(11, pullHeader(), type));

        PullMessageResponseHeader pulled = new PullMessageResponseHeader();
        pulled.setSuggestWhichBrokerId(0L);
        pulled.setNextBeginOffset(132L);
        pulled.setMinOffset(0L);
        pulled.setMaxOffset(132L);
        RemotingCommand pullOk = response(0, pulled, type);
        pullOk.setRemark("FOUND");
        pullOk.setBody(BODY);
        put("pull_response", pullOk);

        PopMessageRequestHeader pop = new PopMessageRequestHeader();
        pop.setConsumerGroup("golden_group");
        pop.setTopic("golden_topic");
        pop.setQueueId(-1);
        pop.setMaxMsgNums(32);
        pop.setInvisibleTime(60000);
        pop.setPollTime(15000);
        pop.setBornTime(1700000000000L);
        pop.setInitMode(1);
        pop.setExpType("TAG");
        pop.setExp("a || b");
        pop.setOrder(false);
        put("pop_request", request(200050, pop, type));

        GetRouteInfoRequestHeader route = new GetRouteInfoRequestHeader();
        route.setTopic("golden_topic");
        route.setAcceptStandardJsonOnly(true);
        put("route_request", request(105, route, type));

        RegisterBrokerRequestHeader register = new RegisterBrokerRequestHeader();
        register.setBrokerAddr("10.0.0.1:10911");
        register.setBrokerName("broker-a");
        register.setClusterName("DefaultCluster");
        register.setHaServerAddr("10.0.0.1:10912");
        register.setBrokerId(0L);
        register.setHeartbeatTimeoutMillis(120000L);
        register.setEnableActingMaster(false);
        register.setCompressed(true);
        register.setBodyCrc32(123456789);
        put("register_broker_request", request(103, register, type));

        RemotingCommand signed = request(310, SendMessageRequestHeaderV2.createSendMessageRequestHeaderV2(sendHeader()), type);
        signed.setBody(BODY);
        new AclClientRPCHook(new SessionCredentials("goldenAccessKey", "goldenSecretKey")).doBeforeRequest("", signed);
        put("signed_send", signed);
    }

    static SendMessageRequestHeader sendHeader() {
        SendMessageRequestHeader header = new SendMessageRequestHeader();
        header.setProducerGroup("golden_producer");
        header.setTopic("golden_topic");
        header.setDefaultTopic("TBW102");
        header.setDefaultTopicQueueNums(4);
        header.setQueueId(3);
        header.setSysFlag(0);
        header.setBornTimestamp(1700000000000L);
        header.setFlag(5);
        header.setProperties("TAGS\u0001tagA\u0002KEYS\u0001k1 k2\u0002name\u0001\u4e2d\u6587\u0002UNIQ_KEY\u00010A0B0C0D\u0002");
        header.setReconsumeTimes(0);
        header.setUnitMode(false);
        header.setBatch(false);
        header.setMaxReconsumeTimes(16);
        header.setBrokerName("broker-a");
        return header;
    }

    private static PullMessageRequestHeader pullHeader() {
        PullMessageRequestHeader header = new PullMessageRequestHeader();
        header.setConsumerGroup("golden_group");
        header.setTopic("golden_topic");
        header.setQueueId(1);
        header.setQueueOffset(100L);
        header.setMaxMsgNums(32);
        header.setSysFlag(7);
        header.setCommitOffset(90L);
        header.setSuspendTimeoutMillis(15000L);
        header.setSubscription("a || b");
        header.setSubVersion(1700000000000L);
        header.setExpressionType("TAG");
        header.setMaxMsgBytes(262144);
        header.setBrokerName("broker-a");
        return header;
    }

    private static RemotingCommand request(int code, CommandCustomHeader header, SerializeType type) {
        RemotingCommand command = RemotingCommand.createRequestCommand(code, header);
        command.setOpaque(7);
        command.setSerializeTypeCurrentRPC(type);
        return command;
    }

    private static RemotingCommand response(int code, CommandCustomHeader header, SerializeType type) {
        RemotingCommand command = RemotingCommand.createResponseCommandWithHeader(code, header);
        command.setOpaque(7);
        command.setSerializeTypeCurrentRPC(type);
        return command;
    }

    private void put(String name, RemotingCommand command) throws IOException {
        String suffix = command.getSerializeTypeCurrentRPC() == SerializeType.JSON ? "json" : "rmq";
        ByteBuffer encoded = command.encode();
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        out.file("frames/" + name + "." + suffix + ".bin", bytes, describe(command));
    }

    static java.util.Map<String, Object> describe(RemotingCommand command) {
        return Out.map(
            "serialize", command.getSerializeTypeCurrentRPC().name(),
            "code", command.getCode(),
            "language", command.getLanguage().name(),
            "version", command.getVersion(),
            "opaque", command.getOpaque(),
            "flag", command.getFlag(),
            "remark", command.getRemark(),
            "ext", command.getExtFields() == null ? null : new TreeMap<>(command.getExtFields()),
            "bodyHex", command.getBody() == null ? null : Out.hex(command.getBody()));
    }
}
