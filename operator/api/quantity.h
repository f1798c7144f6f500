// Kubernetes quantities ("10Gi", "500m", "1.5", "1e3"), as k8s.io/apimachinery/pkg/api/resource reads them.
#pragma once

#include <compare>
#include <string_view>

#include "common/base/result.h"

namespace rmq::operator_ {

__extension__ typedef __int128 Int128;

// An exact amount in billionths: the finest that Kubernetes keeps.
struct Quantity {
  Int128 nano = 0;

  auto operator<=>(const Quantity&) const = default;
};

// kInvalid for anything Kubernetes would refuse, and for amounts of 2^63 and more.
Result<Quantity> parse_quantity(std::string_view text);

}  // namespace rmq::operator_
