// Big-endian integers in byte buffers. RocketMQ writes every integer big-endian, on the wire and on disk.
// Bodies and frames are std::string_view throughout the project: bytes, not text.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace rmq {

template <std::integral T>
constexpr T byteswap_if_little(T value) {
  if constexpr (std::endian::native == std::endian::big || sizeof(T) == 1) {
    return value;
  } else if constexpr (sizeof(T) == 2) {
    return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
  } else if constexpr (sizeof(T) == 4) {
    return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
  } else {
    return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
  }
}

// Unchecked: the caller knows that sizeof(T) bytes are there.
template <std::integral T>
T load_be(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return byteswap_if_little(value);
}
template <std::integral T>
void store_be(void* to, T value) {
  value = byteswap_if_little(value);
  std::memcpy(to, &value, sizeof(T));
}
template <std::integral T>
void append_be(std::string& out, T value) {
  value = byteswap_if_little(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

// Reads from untrusted bytes: every read is checked; once one fails, all later ones give zero or empty and ok() is
// false, so a decoder reads all its fields and checks once.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  template <std::integral T>
  T read() {
    if (!has(sizeof(T))) return T{};
    T value = load_be<T>(bytes_.data() + position_);
    position_ += sizeof(T);
    return value;
  }
  // `size` may be any number a peer sent, negative included.
  std::string_view read_bytes(std::int64_t size) {
    if (size < 0 || !has(static_cast<std::uint64_t>(size))) {
      ok_ = false;
      return {};
    }
    auto view = bytes_.substr(position_, static_cast<std::size_t>(size));
    position_ += static_cast<std::size_t>(size);
    return view;
  }
  void skip(std::int64_t size) { (void)read_bytes(size); }

  bool ok() const { return ok_; }
  std::size_t position() const { return position_; }
  std::size_t remaining() const { return ok_ ? bytes_.size() - position_ : 0; }

 private:
  bool has(std::uint64_t size) {
    if (ok_ && size <= bytes_.size() - position_) return true;
    ok_ = false;
    return false;
  }

  std::string_view bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace rmq
