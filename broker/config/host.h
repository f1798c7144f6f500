// What the broker asks the machine it runs on: name, address, memory.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rmq::broker {

std::string host_name();
// The first address that is up and no loopback; IPv4 before IPv6; "127.0.0.1" if there is none.
std::string first_own_address();

// --- Memory (cgroup v1 and v2; the kernel's Documentation/admin-guide/cgroup-v{1,2})

// The number in memory.max or memory.limit_in_bytes; nullopt for "max", v1's "no limit" and anything unreadable.
std::optional<std::uint64_t> parse_cgroup_limit(std::string_view text);
// The files that may hold a limit for a process whose /proc/self/cgroup is `self_cgroup`, the inmost group first.
std::vector<std::string> cgroup_limit_files(std::string_view self_cgroup);

using FileReader = std::function<Result<std::string>(const std::string& path)>;
// The least limit of all groups the process is in, and of the machine's memory.
std::uint64_t memory_limit(std::uint64_t physical_bytes, const FileReader& read);
std::uint64_t memory_limit();  // of this process

// How much of the memory each user of it may take.
struct MemoryBudget {
  std::uint64_t limit = 0;
  std::uint64_t receive_bytes = 0;  // all connections' receive buffers
  std::uint64_t unsent_bytes = 0;   // one connection's unsent answers
  std::uint64_t resident_message_bytes =
      0;  // newest part of the log that counts as in memory, before accessMessageInMemoryMaxRatio
};
MemoryBudget memory_budget(std::uint64_t limit);

}  // namespace rmq::broker
