#include "common/protocol/body/topic_config.h"
#include "fuzz/fuzz_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rmq::protocol;
  const auto config = parse_topic_text(fuzz_input(data, size));
  if (!config) return 0;
  std::string text;
  append_topic_text(text, *config);
  const auto again = parse_topic_text(text);
  FUZZ_CHECK(again.has_value() && *again == *config);
  return 0;
}
