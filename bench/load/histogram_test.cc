#include "bench/load/histogram.h"

#include <doctest/doctest.h>

TEST_CASE("histogram: quantiles are within two per cent") {
  rmq::bench::Histogram h;
  for (std::uint64_t i = 1; i <= 100'000; ++i) h.add(i * 10);
  for (double q : {0.01, 0.5, 0.99, 0.999}) {
    const auto exact = q * 1'000'000;
    CHECK(static_cast<double>(h.quantile(q)) == doctest::Approx(exact).epsilon(0.02));
  }
  CHECK(h.max() == 1'000'000);
}
