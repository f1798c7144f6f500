// How a typed header goes to and from the ext fields of a command.
//
// A header is a plain struct whose static visit() names its fields once; decoding and encoding both walk it. Text
// points into the command it was decoded from. A std::optional and a view whose data() is nullptr stand for "not sent".
// The fields `ns`, `nsd`, `oway` and `lo`, which any request may carry, are in no struct: nothing here looks at them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/protocol/command.h"

namespace rmq::protocol {

class HeaderDecoder {
 public:
  explicit HeaderDecoder(const CommandView& command) : reader_(command) {}

  void required(std::string_view key, std::string_view& to) { to = reader_.required(key); }
  void required(std::string_view key, std::int32_t& to) { to = reader_.required_int32(key); }
  void required(std::string_view key, std::int64_t& to) { to = reader_.required_int64(key); }
  void required(std::string_view key, bool& to) { to = reader_.required_bool(key); }

  // Keep what `to` holds when the field was not sent.
  void optional(std::string_view key, std::string_view& to) { to = reader_.optional(key, to); }
  void optional(std::string_view key, std::int32_t& to) { to = reader_.optional_int32(key, to); }
  void optional(std::string_view key, std::int64_t& to) { to = reader_.optional_int64(key, to); }
  void optional(std::string_view key, bool& to) { to = reader_.optional_bool(key, to); }
  template <class T>
  void optional(std::string_view key, std::optional<T>& to) {
    if (reader_.find(key).empty()) return;
    T value{};
    required(key, value);
    to = value;
  }

  Status status() const { return reader_.status(); }

 private:
  FieldReader reader_;
};

// Sink is FrameWriter (field()) or Command (set()).
template <class Sink>
class HeaderEncoder {
 public:
  explicit HeaderEncoder(Sink& sink) : sink_(sink) {}

  template <class T>
  void required(std::string_view key, const T& value) {
    put(key, value);
  }
  template <class T>
  void optional(std::string_view key, const T& value) {
    put(key, value);
  }
  template <class T>
  void optional(std::string_view key, const std::optional<T>& value) {
    if (value) put(key, *value);
  }

 private:
  template <class T>
  void put(std::string_view key, const T& value) {
    if constexpr (std::is_same_v<T, std::string_view>) {
      if (value.data() == nullptr) return;
    }
    if constexpr (requires { sink_.field(key, value); }) {
      sink_.field(key, value);
    } else {
      sink_.set(key, value);
    }
  }

  Sink& sink_;
};

// kInvalid names the first field that is missing or malformed; answer the peer with its message.
template <class Header>
Result<Header> decode_header(const CommandView& command) {
  Header header;
  HeaderDecoder decoder(command);
  Header::visit(header, decoder);
  RMQ_CHECK_OK(decoder.status());
  return header;
}

template <class Header>
void write_header(FrameWriter& writer, const Header& header) {
  HeaderEncoder<FrameWriter> encoder(writer);
  Header::visit(header, encoder);
}

template <class Header>
void set_header(Command& command, const Header& header) {
  HeaderEncoder<Command> encoder(command);
  Header::visit(header, encoder);
}

}  // namespace rmq::protocol
