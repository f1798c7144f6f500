// The HTTP port beside the protocol's: /healthz and /readyz for Kubernetes' probes, /metrics for Prometheus.
//
// Built on Beast, which the operator's Kubernetes client uses too, and on one thread. cpp-httplib was measured first:
// its shared library loads OpenSSL, brotli and libstdc++, 7.4 MB resident before a program does anything.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"
#include "common/http/metrics.h"

namespace rmq::http {

// GET and HEAD of the three paths, 404 for every other path, 405 for other methods; a request's head is at most 8 KiB
// and it may have no body; at most 64 connections, each closed after 10 s without progress.
//
//   /healthz  200 "ok", or 503 and one line `name: error` a failing liveness check
//   /readyz   the same for the readiness checks
//   /metrics  the text of metrics()
class AdminServer {
 public:
  using Check = std::function<Status()>;

  // port 0: the system picks one (tests).
  AdminServer(std::string host, std::uint16_t port);
  ~AdminServer();  // stops
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Before start(). Checks run on the server's thread and must not block for long: the other probes wait for them.
  void add_liveness(std::string name, Check check);
  void add_readiness(std::string name, Check check);
  Metrics& metrics();

  // kIo when the address can't be bound.
  Status start();
  // Ends open connections; may be called twice, never from a check.
  void stop();
  std::uint16_t port() const;  // after start()

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rmq::http
