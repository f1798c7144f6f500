#include "common/base/base64.h"

#include <doctest/doctest.h>

using namespace rmq;

TEST_CASE("base64: both ways, and strict") {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    auto back = decode_base64(encode_base64(text));
    REQUIRE(back);
    CHECK(*back == text);
  }
  CHECK(encode_base64("foobar") == "Zm9vYmFy");
  CHECK(*decode_base64("Zm9v\nYg==\n") == "foob");
  for (const auto* bad : {"Zg=", "Zg", "Z", "=AAA", "Zg==Zg==", "Z===", "Zm9v-A=="}) CHECK_FALSE(decode_base64(bad));
}
