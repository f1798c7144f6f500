#include "operator/api/quantity.h"

#include <array>
#include <charconv>
#include <string>

namespace rmq::operator_ {
namespace {

constexpr Int128 kNanoInOne = 1'000'000'000;
constexpr Int128 kMaxNano = (static_cast<Int128>(1) << 63) * kNanoInOne;

struct Suffix {
  std::string_view text;
  int binary_power;   // of 2
  int decimal_power;  // of 10
};
constexpr std::array kSuffixes{
    Suffix{"", 0, 0},    Suffix{"n", 0, -9},  Suffix{"u", 0, -6},  Suffix{"m", 0, -3},
    Suffix{"k", 0, 3},   Suffix{"M", 0, 6},   Suffix{"G", 0, 9},   Suffix{"T", 0, 12},
    Suffix{"P", 0, 15},  Suffix{"E", 0, 18},  Suffix{"Ki", 10, 0}, Suffix{"Mi", 20, 0},
    Suffix{"Gi", 30, 0}, Suffix{"Ti", 40, 0}, Suffix{"Pi", 50, 0}, Suffix{"Ei", 60, 0},
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

Result<Suffix> parse_suffix(std::string_view text) {
  for (const auto& suffix : kSuffixes) {
    if (suffix.text == text) return suffix;
  }
  // A decimal exponent: e3, E-2.
  if (text.size() >= 2 && (text[0] == 'e' || text[0] == 'E')) {
    auto number = text.substr(1);
    if (number[0] == '+') number.remove_prefix(1);
    int power = 0;
    auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), power);
    if (error == std::errc() && end == number.data() + number.size() && power >= -9 && power <= 18) {
      return Suffix{text, 0, power};
    }
  }
  return fail(ErrorKind::kInvalid, "unknown suffix '" + std::string(text) + "'");
}

}  // namespace

Result<Quantity> parse_quantity(std::string_view text) {
  const auto invalid = [&](std::string_view why) {
    return fail(ErrorKind::kInvalid, "quantity '" + std::string(text) + "': " + std::string(why));
  };
  std::size_t at = 0;
  bool negative = false;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) negative = text[at++] == '-';
  Int128 digits = 0;
  int digit_count = 0;
  int fraction_count = 0;
  bool in_fraction = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !in_fraction) {
      in_fraction = true;
    } else if (is_digit(text[at])) {
      if (++digit_count > 19) return invalid("too many digits");
      digits = digits * 10 + (text[at] - '0');
      if (in_fraction) ++fraction_count;
    } else {
      break;
    }
  }
  if (digit_count == 0) return invalid("no digits");
  auto suffix = parse_suffix(text.substr(at));
  if (!suffix) return invalid(suffix.error().message);

  Int128 nano = digits;
  for (int i = 0; i < suffix->binary_power; ++i) {
    nano *= 2;
    if (nano > kMaxNano) return invalid("too large");
  }
  int power = suffix->decimal_power + 9 - fraction_count;
  for (; power > 0; --power) {
    nano *= 10;
    if (nano > kMaxNano) return invalid("too large");
  }
  for (; power < 0; ++power) nano = (nano + 9) / 10;  // Kubernetes rounds up what is finer than it keeps
  return Quantity{negative ? -nano : nano};
}

}  // namespace rmq::operator_
