#include "operator/api/quantity.h"

#include <doctest/doctest.h>

namespace rmq::operator_ {

TEST_CASE("quantities compare by amount, not by spelling") {
  CHECK(*parse_quantity("1Gi") == *parse_quantity("1024Mi"));
  CHECK(*parse_quantity("0.5") == *parse_quantity("500m"));
  CHECK(*parse_quantity("1e3") == *parse_quantity("1k"));
  CHECK(*parse_quantity("1.5Gi") == *parse_quantity("1536Mi"));
  CHECK(*parse_quantity("10Gi") > *parse_quantity("10G"));
  CHECK(*parse_quantity("-1") < *parse_quantity("0"));
  CHECK(*parse_quantity("7Ei") < *parse_quantity("7.9Ei"));
}

TEST_CASE("what Kubernetes refuses is refused") {
  for (const char* text :
       {"", "Gi", "10 Gi", "10gb", "ten", "1.2.3", "--1", "1e", "1e99", "100Ei", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_quantity(text));
  }
}

}  // namespace rmq::operator_
