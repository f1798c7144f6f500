#include "common/remoting/frame_slicer.h"

#include <doctest/doctest.h>

#include <vector>

#include "common/remoting/proxy_preamble.h"

using namespace rmq;
using namespace rmq::remoting;

namespace {

std::string frame_of(std::int32_t code, std::string body) {
  protocol::Command command;
  command.code = code;
  command.body = std::move(body);
  return protocol::encode(command);
}

}  // namespace

TEST_CASE("frame slicer: any split of the stream gives the same frames") {
  const std::string stream = frame_of(1, "a") + frame_of(2, std::string(5000, 'x')) + frame_of(3, "");
  for (std::size_t step : {1UL, 2UL, 3UL, 7UL, 100UL, 5000UL, stream.size()}) {
    FrameSlicer slicer(protocol::kMaxFrameBytes);
    std::string together;
    int frames = 0;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      auto status = slicer.feed(std::string_view(stream).substr(at, step), [&](std::string_view frame) -> Status {
        together += frame;
        ++frames;
        return {};
      });
      REQUIRE(status);
    }
    CHECK(together == stream);
    CHECK(frames == 3);
  }
}

TEST_CASE("frame slicer: hostile lengths end the stream, and memory follows what arrived") {
  auto ignore = [](std::string_view) -> Status { return {}; };
  for (std::int32_t length : {-1, 0, 3, 16 * 1024 * 1024, 0x7fffffff}) {
    std::string bytes;
    append_be<std::int32_t>(bytes, length);
    append_be<std::int32_t>(bytes, 0);
    CHECK_FALSE(FrameSlicer(protocol::kMaxFrameBytes).feed(bytes, ignore));
  }
  FrameSlicer slicer(protocol::kMaxFrameBytes);
  std::string bytes;
  append_be<std::int32_t>(bytes, 15 * 1024 * 1024);
  append_be<std::int32_t>(bytes, 20);
  REQUIRE(slicer.feed(bytes, ignore));
  CHECK(slicer.buffered() < 4096);
}

TEST_CASE("PROXY preamble: both versions, whole and torn") {
  const std::string v1 = "PROXY TCP4 192.0.2.1 192.0.2.2 5000 9876\r\nrest";
  auto parsed = parse_proxy_preamble(v1);
  REQUIRE(parsed);
  CHECK(parsed->state == ProxyPreamble::State::kComplete);
  CHECK(parsed->source == "192.0.2.1:5000");
  CHECK(v1.substr(parsed->length) == "rest");
  for (std::size_t n = 0; n < v1.size() - 4; ++n) {
    CHECK(parse_proxy_preamble(std::string_view(v1).substr(0, n))->state == ProxyPreamble::State::kIncomplete);
  }
  std::string v2("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\x13\x88\x26\x94", 28);
  parsed = parse_proxy_preamble(v2);
  REQUIRE(parsed);
  CHECK(parsed->source == "192.0.2.1:5000");
  CHECK(parsed->length == 28);
  CHECK(parse_proxy_preamble(std::string_view(v2).substr(0, 20))->state == ProxyPreamble::State::kIncomplete);
  CHECK_FALSE(parse_proxy_preamble("PROXY TCP4 a b c d\r\n"));
  CHECK_FALSE(parse_proxy_preamble("PROXY " + std::string(200, 'x')));
  CHECK(parse_proxy_preamble(std::string("\0\0\0\x10", 4))->state == ProxyPreamble::State::kNone);
}
