#include "broker/replication/ha/master.h"

#include <algorithm>

#include "broker/replication/ha/guard.h"
#include "common/base/log.h"

namespace rmq::replication {
namespace {

constexpr std::int64_t kProofLimitMs = 5'000;

}  // namespace

Master::Master(store::MessageStore& store, const ReplicationOptions& options, const Clock& clock)
    : store_(store), options_(options), clock_(clock), bell_(store.log()) {}

Master::~Master() = default;

void Master::start() {
  thread_ = std::thread([this] { run(); });
}

void Master::stop() {
  decltype(links_) links;
  {
    std::lock_guard lock(links_mutex_);
    stopping_ = true;
    links.swap(links_);
  }
  waker_.wake();
  if (thread_.joinable()) thread_.join();
  for (auto& [token, link] : links) link->ask_to_stop();
  links.clear();  // joins
}

void Master::adopt(Socket socket) {
  reap();
  std::lock_guard lock(links_mutex_);
  if (stopping_) return;
  if (links_.size() >= options_.max_slaves) {
    log::warn("replication: too many connections, one closed", {{"peer", socket.peer()}});
    return;
  }
  const auto token = ++last_token_;
  auto feed = make_feed(token, socket.peer());
  if (!options_.shared_secret.empty()) {
    feed = std::make_unique<GuardedFeed>(std::move(feed), options_.shared_secret, kProofLimitMs, clock_);
  }
  auto link = std::make_unique<Link>(std::move(socket), std::move(feed), store_.log(), bell_, clock_, options_.idle_ms);
  link->start();
  links_.emplace(token, std::move(link));
}

void Master::reap() {
  std::vector<std::unique_ptr<Link>> finished;
  std::lock_guard lock(links_mutex_);
  for (auto entry = links_.begin(); entry != links_.end();) {
    if (entry->second->finished()) {
      finished.push_back(std::move(entry->second));
      entry = links_.erase(entry);
    } else {
      ++entry;
    }
  }
}

void Master::run() {
  EndBell::Seat seat(bell_, waker_);
  while (true) {
    {
      std::lock_guard lock(links_mutex_);
      if (stopping_) return;
    }
    reap();
    const auto seen = log_end();
    const auto next = tick(clock_.monotonic_ms());
    if (watches_log() && !seat.arm(seen)) continue;
    // The least keeps a rule that waits for something else than time from turning this into a busy loop.
    const auto wait = std::clamp<std::int64_t>(next - clock_.monotonic_ms(), 10, 1'000);
    (void)wait_ready(-1, false, waker_, wait);
    seat.disarm();
  }
}

}  // namespace rmq::replication
