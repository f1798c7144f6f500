#include "common/protocol/message_id.h"

#include <chrono>

#include "common/base/bytes.h"

namespace rmq::protocol {
namespace {

constexpr std::size_t kV4Text = 32;
constexpr std::size_t kV6Text = 56;

void append_hex(std::string& out, std::string_view bytes) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

Result<std::string> id_bytes(std::string_view text) {
  if (text.size() != kV4Text && text.size() != kV6Text) {
    return fail(ErrorKind::kInvalid, "message id of " + std::to_string(text.size()) + " characters");
  }
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return fail(ErrorKind::kInvalid, "message id is not hexadecimal");
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

bool is_ip(std::string_view ip) {
  return ip.size() == 4 || ip.size() == 16;
}

// In UTC; the original takes its host's time zone. Both only spread the ids.
std::int32_t ms_in_month(std::int64_t wall_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> now{milliseconds{wall_ms}};
  const year_month_day date{floor<days>(now)};
  return static_cast<std::int32_t>((now - sys_days{date.year() / date.month() / 1}).count());
}

}  // namespace

void append_offset_message_id(std::string& out, std::string_view ip, std::int32_t port, std::int64_t offset) {
  if (!is_ip(ip)) return;
  char rest[12];
  store_be(rest, port);
  store_be(rest + 4, offset);
  append_hex(out, ip);
  append_hex(out, {rest, sizeof(rest)});
}

std::string offset_message_id(std::string_view ip, std::int32_t port, std::int64_t offset) {
  std::string out;
  out.reserve(kV6Text);
  append_offset_message_id(out, ip, port, offset);
  return out;
}

Result<OffsetMessageId> decode_offset_message_id(std::string_view text) {
  RMQ_TRY(const auto bytes, id_bytes(text));
  const std::size_t ip = bytes.size() - 12;
  return OffsetMessageId{bytes.substr(0, ip), load_be<std::int32_t>(bytes.data() + ip),
                         load_be<std::int64_t>(bytes.data() + ip + 4)};
}

UniqIdGenerator::UniqIdGenerator(std::string_view ip, std::uint16_t pid, std::int32_t instance,
                                 std::uint16_t first_counter)
    : counter_(first_counter) {
  std::string bytes = is_ip(ip) ? std::string(ip) : std::string("\x7f\0\0\1", 4);
  append_be(bytes, pid);
  append_be(bytes, instance);
  append_hex(prefix_, bytes);
}

std::string UniqIdGenerator::next(std::int64_t wall_ms) {
  char rest[6];
  store_be(rest, ms_in_month(wall_ms));
  store_be(rest + 4, counter_.fetch_add(1, std::memory_order_relaxed));
  std::string id;
  id.reserve(kV6Text);
  id += prefix_;
  append_hex(id, {rest, sizeof(rest)});
  return id;
}

Result<UniqId> decode_uniq_id(std::string_view text) {
  RMQ_TRY(const auto bytes, id_bytes(text));
  const std::size_t ip = bytes.size() - 12;
  const char* rest = bytes.data() + ip;
  return UniqId{bytes.substr(0, ip), load_be<std::uint16_t>(rest), load_be<std::int32_t>(rest + 2),
                load_be<std::int32_t>(rest + 6), load_be<std::uint16_t>(rest + 10)};
}

}  // namespace rmq::protocol
