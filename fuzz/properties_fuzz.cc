#include "common/protocol/message_properties.h"
#include "fuzz/fuzz_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rmq::protocol;
  const auto input = fuzz_input(data, size);
  const auto map = decode_properties(input);
  for (const auto& [name, value] : map) FUZZ_CHECK(find_property(input, name) == value);
  const auto text = encode_properties(map);
  if (!text) return 0;
  FUZZ_CHECK(decode_properties(*text) == map);

  std::string changed(input);
  FUZZ_CHECK(set_property(changed, "K", "v").has_value());
  FUZZ_CHECK(find_property(changed, "K") == "v");
  FUZZ_CHECK(remove_property(changed, "K"));
  auto without = map;
  without.erase("K");
  FUZZ_CHECK(decode_properties(changed) == without);
  return 0;
}
