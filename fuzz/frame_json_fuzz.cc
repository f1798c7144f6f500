#include "fuzz/frame_fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz_frame(fuzz_input(data, size), rmq::protocol::SerializeType::kJson);
  return 0;
}
