#include "broker/replication/epoch/follow_file.h"

#include <charconv>

#include "common/base/crc32.h"
#include "common/base/file.h"

namespace rmq::replication {
namespace {

// "name=number\n" off the front.
bool take_field(std::string_view& text, std::string_view name, std::int32_t& number) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(name) || text[name.size()] != '=') return false;
  const auto value = text.substr(name.size() + 1, end - name.size() - 1);
  auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  text.remove_prefix(end + 1);
  return error == std::errc() && rest == value.data() + value.size() && number >= 0;
}

}  // namespace

std::string format_follow_state(const FollowState& state) {
  std::string text =
      "accepted=" + std::to_string(state.accepted_epoch) + "\npromised=" + std::to_string(state.promised_epoch) + "\n";
  return text + "crc=" + std::to_string(crc32_positive(text)) + "\n";
}

Result<FollowState> parse_follow_state(std::string_view text) {
  auto rest = text;
  FollowState state;
  std::int32_t checksum = 0;
  if (!take_field(rest, "accepted", state.accepted_epoch) || !take_field(rest, "promised", state.promised_epoch)) {
    return fail(ErrorKind::kInvalid, "not a record of promised epochs");
  }
  const auto summed = text.substr(0, text.size() - rest.size());
  if (!take_field(rest, "crc", checksum) || checksum != crc32_positive(summed) || !rest.empty()) {
    return fail(ErrorKind::kInvalid, "wrong checksum");
  }
  return state;
}

Result<FollowState> load_follow_state(const std::string& path) {
  auto text = read_file_or_backup(path, 4096);
  if (!text && text.error().kind == ErrorKind::kNotFound) return FollowState{};
  if (!text) return fail(std::move(text).error());
  auto state = parse_follow_state(*text);
  if (!state) return fail(ErrorKind::kCorrupt, path + ": " + state.error().message);
  return state;
}

Status store_follow_state(const std::string& path, const FollowState& state) {
  return replace_file(path, format_follow_state(state));
}

}  // namespace rmq::replication
