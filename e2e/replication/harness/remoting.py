"""One request and its answer in RocketMQ's remoting protocol with a JSON header."""
import json
import re
import socket
import struct
from dataclasses import dataclass, field

RUNTIME_INFO, CLUSTER_INFO, QUERY_OFFSET, CONTROLLER_METADATA = 28, 106, 14, 1005
SYNC_STATE, EPOCHS, HA_STATUS = 1006, 1007, 907
SUCCESS = 0


@dataclass
class Answer:
    code: int
    remark: str = ""
    ext: dict = field(default_factory=dict)
    body: bytes = b""

    def json(self):
        """The body; the original writes numbers as keys without quotes."""
        return json.loads(re.sub(rb'([{,])(\d+):', rb'\1"\2":', self.body))


def read_exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise ConnectionError("closed in the middle of an answer")
        data += more
    return data


def ask(port, code, ext=None, body=b"", limit_s=5.0):
    """Asks 127.0.0.1:port; OSError if nobody answers."""
    header = json.dumps({"code": code, "language": "JAVA", "version": 513, "opaque": 1, "flag": 0,
                         "extFields": {key: str(value) for key, value in (ext or {}).items()}}).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=limit_s) as connection:
        connection.settimeout(limit_s)
        connection.sendall(struct.pack(">ii", 4 + len(header) + len(body), len(header)) + header + body)
        size = struct.unpack(">i", read_exactly(connection, 4))[0]
        frame = read_exactly(connection, size)
    header_size = struct.unpack(">i", frame[:4])[0] & 0xFFFFFF
    head = json.loads(frame[4:4 + header_size])
    return Answer(head["code"], head.get("remark") or "", head.get("extFields") or {}, frame[4 + header_size:])
