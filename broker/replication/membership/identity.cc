#include "broker/replication/membership/identity.h"

#include <charconv>
#include <filesystem>
#include <vector>

#include "common/base/file.h"

namespace rmq::replication {
namespace {

constexpr char kSeparator = '#';
constexpr std::uint64_t kMaxBytes = 64 * 1024;

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(kSeparator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view without_line_end(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string format_identity(const BrokerIdentity& identity) {
  std::string text = identity.cluster + kSeparator + identity.name + kSeparator + std::to_string(identity.id);
  if (!identity.check_code.empty()) text += kSeparator + identity.check_code;
  return text;
}

Result<BrokerIdentity> parse_identity(std::string_view text) {
  const auto parts = split(without_line_end(text));
  if (parts.size() != 3 && parts.size() != 4) return fail(ErrorKind::kCorrupt, "not cluster#name#id");
  BrokerIdentity identity{std::string(parts[0]), std::string(parts[1]), 0, {}};
  const auto [end, error] = std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), identity.id);
  if (error != std::errc{} || end != parts[2].data() + parts[2].size() || identity.id <= 0) {
    return fail(ErrorKind::kCorrupt, "the id is no number above 0");
  }
  if (identity.cluster.empty() || identity.name.empty()) return fail(ErrorKind::kCorrupt, "a name is empty");
  if (parts.size() == 4) identity.check_code = parts[3];
  return identity;
}

Result<std::optional<BrokerIdentity>> IdentityFiles::load(const std::string& path) {
  auto text = read_file(path, kMaxBytes);
  if (!text && text.error().kind == ErrorKind::kNotFound) return std::optional<BrokerIdentity>();
  if (!text) return fail(std::move(text).error().with(path));
  auto identity = parse_identity(*text);
  if (!identity) return fail(std::move(identity).error().with(path));
  return std::optional(std::move(*identity));
}

Status IdentityFiles::save_temporary(const BrokerIdentity& identity) const {
  return replace_file(temporary_path(), format_identity(identity));
}

Status IdentityFiles::remove_temporary() const {
  std::error_code error;
  for (const auto& path : {temporary_path(), temporary_path() + ".bak"}) {
    std::filesystem::remove(path, error);
    if (error) return fail(ErrorKind::kIo, path + ": " + error.message());
  }
  return {};
}

Status IdentityFiles::save(const BrokerIdentity& identity) const {
  auto granted = identity;
  granted.check_code.clear();
  RMQ_CHECK_OK(replace_file(path_, format_identity(granted)));
  return remove_temporary();
}

std::string boot_id() {
  auto text = read_file("/proc/sys/kernel/random/boot_id", kMaxBytes);
  return text ? std::string(without_line_end(*text)) : std::string();
}

}  // namespace rmq::replication
