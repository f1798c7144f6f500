// namesrv.conf: the original's keys (NamesrvConfig, NettyServerConfig of 5.5.0) and a few of ours.
//
// Only keys on an allow-list change at run time; paths and addresses never do. (In the original any key could, which
// let whoever reached the port write files of his choice: CVE-2023-37582.)
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/properties_text.h"
#include "common/base/result.h"
#include "common/base/settings.h"
#include "common/remoting/tls.h"
#include "namesrv/route_table.h"

namespace rmq::namesrv {

// Thread-safe after load().
class Configuration {
 public:
  Configuration();  // defaults; paths under $HOME/namesrv, as the original has them

  // At start. kInvalid names a key whose value can't be read.
  Result<SettingsReport> load(const Properties& properties);
  void set_namesrv_addr(std::string_view value);  // flag -n

  // Changes settings while running, all or none. kDenied: a key that may not change; kInvalid: a value that does not
  // fit or holds a line break.
  Status update(const Properties& changes);
  // Writes shown() to configStorePath.
  Status persist() const;

  // Every key and its value, without secrets.
  Properties shown() const { return settings_.shown(); }
  std::string text(std::string_view key) const { return settings_.text(key); }  // of a known key
  std::int64_t number(std::string_view key) const { return settings_.number(key); }
  bool flag(std::string_view key) const { return settings_.flag(key); }

  RouteTable::Options route_options() const;
  Result<remoting::TlsOptions> tls() const;
  static std::string help();

  // Asked for on hot paths.
  bool order_messages() const { return order_messages_.load(std::memory_order_relaxed); }
  bool return_order_config() const { return return_order_config_.load(std::memory_order_relaxed); }
  bool wait_for_service() const { return wait_for_service_.load(std::memory_order_relaxed); }
  std::int64_t wait_seconds() const { return wait_seconds_.load(std::memory_order_relaxed); }
  bool notify_min_id() const { return notify_min_id_.load(std::memory_order_relaxed); }

 private:
  void publish();

  Settings settings_;
  std::atomic<bool> order_messages_{false};
  std::atomic<bool> return_order_config_{true};
  std::atomic<bool> wait_for_service_{false};
  std::atomic<std::int64_t> wait_seconds_{45};
  std::atomic<bool> notify_min_id_{false};
};

}  // namespace rmq::namesrv
