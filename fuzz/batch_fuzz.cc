#include "common/protocol/message_batch.h"
#include "fuzz/fuzz_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rmq::protocol;
  const auto messages = decode_batch(fuzz_input(data, size));
  if (!messages) return 0;
  std::string again;
  for (const auto& message : *messages) FUZZ_CHECK(append_batch_message(again, message).has_value());
  FUZZ_CHECK(again.size() == size);
  const auto second = decode_batch(again);
  FUZZ_CHECK(second.has_value() && second->size() == messages->size());
  for (std::size_t i = 0; i < second->size(); ++i) {
    FUZZ_CHECK((*second)[i].flag == (*messages)[i].flag && (*second)[i].body == (*messages)[i].body &&
               (*second)[i].properties == (*messages)[i].properties);
  }
  return 0;
}
