#include "broker/config/host.h"

#include <doctest/doctest.h>

#include <map>

namespace rmq::broker {
namespace {

FileReader files(std::map<std::string, std::string> content) {
  return [content = std::move(content)](const std::string& path) -> Result<std::string> {
    auto found = content.find(path);
    if (found == content.end()) return fail(ErrorKind::kNotFound, path);
    return found->second;
  };
}

constexpr std::uint64_t kGiB = 1ULL << 30;

TEST_CASE("numbers of cgroup files") {
  CHECK(parse_cgroup_limit("536870912\n") == 536870912);
  CHECK_FALSE(parse_cgroup_limit("max\n"));
  CHECK_FALSE(parse_cgroup_limit("9223372036854771712\n"));  // v1's "no limit"
  CHECK_FALSE(parse_cgroup_limit(""));
  CHECK_FALSE(parse_cgroup_limit("12x"));
}

TEST_CASE("version 2, inside a container") {
  CHECK(memory_limit(8 * kGiB,
                     files({{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/memory.max", "1073741824\n"}})) == kGiB);
}

TEST_CASE("version 2, seen from the host: the least of all enclosing groups") {
  CHECK(memory_limit(8 * kGiB, files({{"/proc/self/cgroup", "0::/kubepods/pod1/c1\n"},
                                      {"/sys/fs/cgroup/kubepods/pod1/c1/memory.max", "max\n"},
                                      {"/sys/fs/cgroup/kubepods/pod1/memory.max", "2147483648\n"},
                                      {"/sys/fs/cgroup/kubepods/memory.max", "4294967296\n"}})) == 2 * kGiB);
}

TEST_CASE("version 1, and mixed") {
  CHECK(memory_limit(8 * kGiB, files({{"/proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/docker/abc\n0::/\n"},
                                      {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n"}})) == kGiB / 2);
}

TEST_CASE("no cgroup: the machine's memory") {
  CHECK(memory_limit(8 * kGiB, files({})) == 8 * kGiB);
}

TEST_CASE("hostile lines do no harm") {
  CHECK(cgroup_limit_files(":\nnonsense\n0::/../../etc\n") == std::vector<std::string>{"/sys/fs/cgroup/memory.max"});
  CHECK(cgroup_limit_files("0::/" + std::string(10000, '/')).size() <= 32);
}

TEST_CASE("the budget follows the limit") {
  CHECK(memory_budget(256 * 1024 * 1024).receive_bytes == 32 * 1024 * 1024);
  CHECK(memory_budget(64 * kGiB).receive_bytes == 512 * 1024 * 1024);
  CHECK(memory_limit() > 0);
}

}  // namespace
}  // namespace rmq::broker
