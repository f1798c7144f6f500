// The listening side: accepts connections (plain or TLS on the same port), slices frames, dispatches requests by code.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "common/base/result.h"
#include "common/remoting/io_pool.h"
#include "common/remoting/remoting.h"
#include "common/remoting/tls.h"

namespace rmq::remoting {

enum class Execution {
  kInline,  // on the connection's thread: must never block
  kWorker,  // on the server's worker pool, from a copy of the frame: may touch disk
};

struct ServerOptions {
  std::string bind_host = "0.0.0.0";
  std::uint16_t port = 0;  // 0: the system picks one (tests)
  // Another door to the same; 0: none. That it can't be had is only a warning.
  std::uint16_t second_port = 0;
  std::uint32_t max_frame_bytes = protocol::kMaxFrameBytes;
  std::size_t max_connections = 50'000;
  std::size_t max_receive_bytes = 512UL * 1024 * 1024;  // all connections' receive buffers beyond their first 64 KiB
  std::size_t max_unsent_bytes = 64UL * 1024 * 1024;    // of one connection: above it, its requests are not read
  std::chrono::seconds idle_timeout{120};
  std::size_t worker_threads = 2;
  std::size_t max_worker_queue = 10'000;  // above it: SYSTEM_BUSY
  TlsOptions tls;
};

struct ServerStats {
  std::uint64_t connections = 0;
  std::uint64_t accepted_total = 0;
  std::uint64_t refused_total = 0;  // over max_connections or max_receive_bytes
  std::uint64_t protocol_errors_total = 0;
  std::uint64_t requests_total = 0;
  std::uint64_t received_bytes_total = 0;
  std::uint64_t sent_bytes_total = 0;
};

class Server {
 public:
  Server(IoPool& pool, ServerOptions options);
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before start(). Unknown codes are answered with REQUEST_CODE_NOT_SUPPORTED.
  void route(std::int32_t code, std::shared_ptr<Handler> handler, Execution execution = Execution::kInline);
  // Sees every new connection, on its thread.
  void on_connect(std::function<void(const ConnectionPtr&)> callback);

  Status start();
  std::uint16_t port() const;
  // Stops accepting; further requests on open connections are answered with GO_AWAY where the peer knows it.
  void drain();
  // Closes everything; returns when no handler runs any more.
  void stop();

  ServerStats stats() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace rmq::remoting
