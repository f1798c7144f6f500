#include "broker/app/announced_host.h"

#include <thread>

#include "broker/send/host_bytes.h"
#include "common/base/host_resolver.h"
#include "common/base/log.h"

namespace rmq::broker {

Result<std::string> announced_host(const std::string& host, std::uint16_t port, std::chrono::seconds limit) {
  constexpr std::chrono::milliseconds kAgain{500};
  const auto deadline = std::chrono::steady_clock::now() + limit;
  HostResolver resolver;
  bool told = false;
  while (true) {
    auto found = resolver.resolve_and_wait(host, limit);
    if (found) return host_bytes(found->front(), port);
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(std::move(found).error().with("brokerIP1: the announced address has no IP"));
    }
    if (!told) log::info("waiting for the announced address", {{"host", host}, {"error", found.error()}});
    told = true;
    std::this_thread::sleep_for(kAgain);  // DNS offers nothing to wait on
  }
}

}  // namespace rmq::broker
