#include "broker/registration/resolve.h"

#include <set>

#include "common/base/net_address.h"

namespace rmq::broker {
namespace {

constexpr std::chrono::seconds kLimit{2};

}  // namespace

Result<std::vector<std::string>> resolve_addresses(HostResolver& resolver, std::string_view list) {
  RMQ_TRY(const auto names, parse_address_list(list));
  std::set<std::string> found;
  std::string problem = "no name server is configured";
  for (const auto& name : names) {
    auto addresses = resolver.resolve_and_wait(name.host, kLimit);
    if (!addresses) {
      problem = addresses.error().message;
      continue;
    }
    for (auto& ip : *addresses) found.insert(NetAddress{std::move(ip), name.port}.text());
  }
  if (found.empty()) return fail(ErrorKind::kUnavailable, problem);
  return std::vector<std::string>(found.begin(), found.end());
}

}  // namespace rmq::broker
