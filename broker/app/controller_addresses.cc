#include "broker/app/controller_addresses.h"

#include "broker/registration/resolve.h"
#include "common/base/net_address.h"

namespace rmq::broker {

ControllerAddresses::ControllerAddresses(std::string list, std::chrono::milliseconds period)
    : list_(std::move(list)), ticker_(period, [this] { look_up(); }) {
  if (const auto named = parse_address_list(list_)) {
    for (const auto& address : *named) addresses_.push_back(address.text());
  }
}

std::vector<std::string> ControllerAddresses::now() const {
  std::lock_guard lock(mutex_);
  return addresses_;
}

void ControllerAddresses::look_up() {
  auto found = resolve_addresses(resolver_, list_);
  if (!found) return;  // the old ones are better than none
  std::lock_guard lock(mutex_);
  addresses_ = std::move(*found);
}

}  // namespace rmq::broker
