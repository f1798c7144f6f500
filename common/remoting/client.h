// The calling side: one connection an address, made when first needed and made anew after it broke.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "common/remoting/io_pool.h"
#include "common/remoting/remoting.h"
#include "common/remoting/tls.h"

namespace rmq::remoting {

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{3000};
  std::chrono::seconds idle_timeout{120};
  std::uint32_t max_frame_bytes = protocol::kMaxFrameBytes;
  bool use_tls = false;
  TlsOptions tls;
};

// Thread-safe.
class Client {
 public:
  Client(IoPool& pool, ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `address` is host:port; host may be a name, resolved at each connect. `done` runs once, on a pool thread.
  void call(const std::string& address, protocol::Command request, std::chrono::milliseconds timeout,
            Connection::Done done);
  void oneway(const std::string& address, protocol::Command request);
  // Blocks; never from a pool thread.
  Result<protocol::Command> call_and_wait(const std::string& address, protocol::Command request,
                                          std::chrono::milliseconds timeout);
  // Requests that peers send back over these connections. Before the first call.
  void route(std::int32_t code, std::shared_ptr<Handler> handler);
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace rmq::remoting
