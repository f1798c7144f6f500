#include "common/remoting/proxy_preamble.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "common/base/bytes.h"

namespace rmq::remoting {
namespace {

using State = ProxyPreamble::State;
using namespace std::string_view_literals;

constexpr std::string_view kV1Prefix = "PROXY ";
constexpr std::string_view kV2Signature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kV1Max = 107;
constexpr std::size_t kV2Head = 16;

bool starts_with_as_far_as_there(std::string_view bytes, std::string_view prefix) {
  const auto n = std::min(bytes.size(), prefix.size());
  return bytes.substr(0, n) == prefix.substr(0, n);
}

tl::unexpected<Error> broken() {
  return fail(ErrorKind::kInvalid, "broken PROXY preamble");
}

Result<ProxyPreamble> parse_v1(std::string_view bytes) {
  const auto end = bytes.substr(0, kV1Max).find("\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= kV1Max) return broken();
    return ProxyPreamble{State::kIncomplete, 0, {}};
  }
  std::vector<std::string> words;
  for (auto line = bytes.substr(0, end); !line.empty();) {
    const auto space = line.find(' ');
    words.emplace_back(line.substr(0, space));
    line = space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
  }
  if (words.size() >= 2 && words[1] == "UNKNOWN") return ProxyPreamble{State::kComplete, end + 2, {}};
  if (words.size() != 6 || (words[1] != "TCP4" && words[1] != "TCP6")) return broken();
  unsigned char address[16];
  if (::inet_pton(words[1] == "TCP4" ? AF_INET : AF_INET6, words[2].c_str(), address) != 1) return broken();
  unsigned port = 0;
  const auto& digits = words[4];
  const auto [last, code] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (code != std::errc{} || last != digits.data() + digits.size() || port > 65535) return broken();
  return ProxyPreamble{State::kComplete, end + 2, words[2] + ":" + digits};
}

Result<ProxyPreamble> parse_v2(std::string_view bytes) {
  if (bytes.size() < kV2Head) return ProxyPreamble{State::kIncomplete, 0, {}};
  const auto version_command = static_cast<unsigned char>(bytes[12]);
  const auto family = static_cast<unsigned char>(bytes[13]);
  const std::size_t length = load_be<std::uint16_t>(bytes.data() + 14);
  if ((version_command >> 4) != 2 || (version_command & 15) > 1 || kV2Head + length > kMaxProxyPreamble)
    return broken();
  if (bytes.size() < kV2Head + length) return ProxyPreamble{State::kIncomplete, 0, {}};
  ProxyPreamble preamble{State::kComplete, kV2Head + length, {}};
  const bool local = (version_command & 15) == 0;
  char text[INET6_ADDRSTRLEN];
  const char* block = bytes.data() + kV2Head;
  if (!local && family == 0x11 && length >= 12) {
    ::inet_ntop(AF_INET, block, text, sizeof text);
    preamble.source = std::string(text) + ":" + std::to_string(load_be<std::uint16_t>(block + 8));
  } else if (!local && family == 0x21 && length >= 36) {
    ::inet_ntop(AF_INET6, block, text, sizeof text);
    preamble.source = std::string(text) + ":" + std::to_string(load_be<std::uint16_t>(block + 32));
  }
  return preamble;
}

}  // namespace

Result<ProxyPreamble> parse_proxy_preamble(std::string_view bytes) {
  if (bytes.empty()) return ProxyPreamble{State::kIncomplete, 0, {}};
  for (auto [prefix, parse] : {std::pair{kV1Prefix, &parse_v1}, std::pair{kV2Signature, &parse_v2}}) {
    if (!starts_with_as_far_as_there(bytes, prefix)) continue;
    if (bytes.size() < prefix.size()) return ProxyPreamble{State::kIncomplete, 0, {}};
    return parse(bytes);
  }
  return ProxyPreamble{};
}

}  // namespace rmq::remoting
