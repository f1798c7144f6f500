// A frame in either serialization: what decodes must encode, decode to the same and encode to the same bytes.
#pragma once

#include <algorithm>
#include <string>

#include "common/base/bytes.h"
#include "common/protocol/command.h"
#include "common/protocol/headers/pull.h"
#include "common/protocol/headers/send.h"
#include "fuzz/fuzz_check.h"

// The input is a frame whose length words are made to fit, so that the fuzzer gets past them.
inline void fuzz_frame(std::string_view input, rmq::protocol::SerializeType type) {
  using namespace rmq::protocol;
  (void)frame_length(input);
  FrameDecoder decoder;
  (void)decoder.decode(input);
  if (input.size() < kFramePrefixBytes) return;

  std::string frame(input);
  const std::size_t rest = frame.size() - kFramePrefixBytes;
  const std::size_t header = std::min<std::size_t>(rmq::load_be<std::uint32_t>(frame.data() + 4) & 0xffffffU, rest);
  rmq::store_be(frame.data(), static_cast<std::uint32_t>(frame.size() - 4));
  rmq::store_be(frame.data() + 4, static_cast<std::uint32_t>(header) | static_cast<std::uint32_t>(type) << 24);
  const auto decoded = decoder.decode(frame);
  if (!decoded) return;
  FUZZ_CHECK((*decoded)->ext_fields.size() <= kMaxExtFields);
  (void)decode_send_header(**decoded);
  (void)decode_header<PullMessageRequest>(**decoded);

  const auto command = Command::from(**decoded);
  const auto ours = encode(command);
  FrameDecoder second;
  const auto again = second.decode(ours);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK((*again)->code == command.code || type == SerializeType::kRocketMq);
  FUZZ_CHECK((*again)->remark == command.remark);
  FUZZ_CHECK((*again)->body == command.body);
  FUZZ_CHECK((*again)->ext_fields.size() == command.ext_fields.size());
  for (const auto& [key, value] : command.ext_fields) FUZZ_CHECK((*again)->ext(key) == value);
  FUZZ_CHECK(encode(Command::from(**again)) == ours);
}
