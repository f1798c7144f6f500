// A client as the broker knows it: one connection under one client id.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "common/protocol/command.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

struct ClientChannel {
  ClientChannel(remoting::ConnectionPtr on, std::string id, protocol::Language lang, std::int32_t version_number,
                std::int64_t now_ms)
      : connection(std::move(on)),
        client_id(std::move(id)),
        language(lang),
        version(version_number),
        last_seen_ms(now_ms) {}

  const remoting::ConnectionPtr connection;
  const std::string client_id;
  const protocol::Language language;
  const std::int32_t version;
  std::atomic<std::int64_t> last_seen_ms;  // monotonic time of the last heartbeat
};
using ClientChannelPtr = std::shared_ptr<ClientChannel>;

// What a heartbeat says of its sender.
struct ClientIdentity {
  remoting::ConnectionPtr connection;
  std::string client_id;
  protocol::Language language = protocol::Language::kOther;
  std::int32_t version = 0;
};

}  // namespace rmq::broker
