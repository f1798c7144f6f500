// Input: 'z' and zlib's bytes as they come from the network, or anything else and the plain bytes inside them, which we
// compress here: else the fuzzer would never get past the checksum.
#include "common/protocol/body/register_broker.h"
#include "common/protocol/command.h"
#include "fuzz/fuzz_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rmq::protocol;
  if (size == 0) return 0;
  const auto input = fuzz_input(data + 1, size - 1);
  std::string packed(input);
  if (data[0] != 'z') {
    const auto compressed = deflate_best(input);
    FUZZ_CHECK(compressed.has_value());
    FUZZ_CHECK(inflate_bounded(*compressed).value() == input);
    packed = *compressed;
  }
  (void)parse_compressed_register_broker(packed, 409);
  const auto body = parse_compressed_register_broker(packed, kVersion);
  if (!body) return 0;
  const auto ours = compress_register_broker(*body);
  FUZZ_CHECK(ours.has_value());
  const auto again = parse_compressed_register_broker(*ours, kVersion);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(to_body(*again) == to_body(*body));
  return 0;
}
