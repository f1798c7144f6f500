#include "broker/config/host.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "common/base/file.h"

namespace rmq::broker {

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "DEFAULT_BROKER";
  return name.data();
}

std::string first_own_address() {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return "127.0.0.1";
  std::string v4;
  std::string v6;
  for (const ifaddrs* at = all; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_UP) == 0 || (at->ifa_flags & IFF_LOOPBACK) != 0) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (at->ifa_addr->sa_family == AF_INET && v4.empty()) {
      const auto* address = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
      if (inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size()) != nullptr) v4 = text.data();
    } else if (at->ifa_addr->sa_family == AF_INET6 && v6.empty()) {
      const auto* address = reinterpret_cast<const sockaddr_in6*>(at->ifa_addr);
      if (IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr)) continue;
      if (inet_ntop(AF_INET6, &address->sin6_addr, text.data(), text.size()) != nullptr) v6 = text.data();
    }
  }
  freeifaddrs(all);
  if (!v4.empty()) return v4;
  return v6.empty() ? "127.0.0.1" : v6;
}

std::optional<std::uint64_t> parse_cgroup_limit(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  constexpr std::uint64_t kNoLimit = 1ULL << 60;  // v1 writes the largest page-aligned number instead of "max"
  return value >= kNoLimit ? std::nullopt : std::optional(value);
}

std::vector<std::string> cgroup_limit_files(std::string_view self_cgroup) {
  std::vector<std::string> files;
  auto add_upwards = [&](std::string_view mount, std::string_view path, std::string_view file) {
    // In a container's own namespace the path is "/"; seen from outside it names the group below the mount.
    while (path.ends_with('/')) path.remove_suffix(1);
    for (int depth = 0; depth < 32; ++depth) {
      files.push_back(std::string(mount) + std::string(path) + "/" + std::string(file));
      if (path.empty()) break;
      path = path.substr(0, path.rfind('/'));
    }
  };
  for (std::size_t start = 0; start < self_cgroup.size();) {
    std::size_t end = std::min(self_cgroup.find('\n', start), self_cgroup.size());
    std::string_view line = self_cgroup.substr(start, end - start);
    start = end + 1;
    // hierarchy:controllers:path
    auto first = line.find(':');
    auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    std::string_view controllers = line.substr(first + 1, second - first - 1);
    std::string_view path = line.substr(second + 1);
    if (!path.starts_with('/') || path.find("..") != std::string_view::npos) path = "/";
    if (controllers.empty()) add_upwards("/sys/fs/cgroup", path, "memory.max");
    if (("," + std::string(controllers) + ",").find(",memory,") != std::string::npos) {
      add_upwards("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes");
    }
  }
  return files;
}

std::uint64_t memory_limit(std::uint64_t physical_bytes, const FileReader& read) {
  std::uint64_t limit = physical_bytes;
  auto self = read("/proc/self/cgroup");
  if (!self) return limit;
  for (const std::string& file : cgroup_limit_files(*self)) {
    auto text = read(file);
    if (!text) continue;
    if (auto found = parse_cgroup_limit(*text)) limit = std::min(limit, *found);
  }
  return limit;
}

std::uint64_t memory_limit() {
  std::uint64_t physical =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return memory_limit(physical, [](const std::string& path) { return read_file(path, 64 * 1024); });
}

MemoryBudget memory_budget(std::uint64_t limit) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  return MemoryBudget{
      .limit = limit,
      .receive_bytes = std::clamp<std::uint64_t>(limit / 8, 16 * kMiB, 512 * kMiB),
      .unsent_bytes = std::clamp<std::uint64_t>(limit / 64, 4 * kMiB, 64 * kMiB),
      .resident_message_bytes = limit,
  };
}

}  // namespace rmq::broker
