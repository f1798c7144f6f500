// The walk behind json_body.h. Internal to this folder: only its .cc files include it.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "common/base/json.h"
#include "common/protocol/body/json_body.h"

namespace rmq::protocol::body {

using nlohmann::json;

struct NullVisitor {
  template <class T>
  void field(std::string_view, T&) {}
  template <class T>
  void nullable(std::string_view, T&) {}
};
template <class T>
concept Visitable = requires(T& t, NullVisitor& v) { T::visit(t, v); };
// An enum's names stand in enum_names(E), found by argument-dependent lookup; the index is the value.
template <class T>
concept NamedEnum = std::is_enum_v<T> && requires(T t) { enum_names(t); };

// ---- writing

class Writer {
 public:
  Writer(std::string& out, JsonStyle style) : out_(out), style_(style) {}

  template <class T>
  void value(const T& v) {
    if constexpr (std::is_same_v<T, bool>) {
      out_ += v ? "true" : "false";
    } else if constexpr (std::is_integral_v<T>) {
      number(v);
    } else if constexpr (std::is_floating_point_v<T>) {
      if (std::isfinite(v)) {
        number(v == 0 ? T{} : v);  // no "-0"
      } else {
        out_ += "null";
      }
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      append_json_string(out_, v);
    } else if constexpr (NamedEnum<T>) {
      out_ += '"';
      out_ += enum_names(v)[static_cast<std::size_t>(v)];
      out_ += '"';
    } else if constexpr (Visitable<T>) {
      object(v);
    } else if constexpr (requires { typename T::mapped_type; }) {
      map(v);
    } else {
      list(v);
    }
  }

 private:
  class Fields {
   public:
    explicit Fields(Writer& writer) : writer_(writer) {}
    template <class T>
    void field(std::string_view key, const T& v) {
      this->key(key);
      writer_.value(v);
    }
    template <class T>
    void field(std::string_view key, const std::optional<T>& v) {
      if (v) field(key, *v);
    }
    template <class T>
    void nullable(std::string_view key, const T& v) {
      if (!v.empty()) field(key, v);
    }

   private:
    void key(std::string_view key) {
      if (!first_) writer_.out_ += ',';
      first_ = false;
      writer_.out_ += '"';
      writer_.out_ += key;  // ours: nothing to escape
      writer_.out_ += "\":";
    }
    Writer& writer_;
    bool first_ = true;
  };

  template <class T>
  void number(T v) {
    char text[32];
    out_.append(text, std::to_chars(text, text + sizeof(text), v).ptr);
  }
  template <class T>
  void object(const T& v) {
    out_ += '{';
    Fields fields(*this);
    T::visit(v, fields);
    out_ += '}';
  }
  template <class T>
  void map(const T& v) {
    out_ += '{';
    bool first = true;
    for (const auto& [key, item] : v) {
      if (!first) out_ += ',';
      first = false;
      using Key = typename T::key_type;
      if constexpr (std::is_integral_v<Key>) {
        if (style_ == JsonStyle::kStandard) out_ += '"';
        number(key);
        if (style_ == JsonStyle::kStandard) out_ += '"';
      } else {
        value(key);  // an object as the key: Java's tools read no other form
      }
      out_ += ':';
      value(item);
    }
    out_ += '}';
  }
  template <class T>
  void list(const T& v) {
    out_ += '[';
    bool first = true;
    for (const auto& item : v) {
      if (!first) out_ += ',';
      first = false;
      value(item);
    }
    out_ += ']';
  }

  std::string& out_;
  JsonStyle style_;
};

// ---- reading

// A wrong value: remembers the first one, so a struct reads all its fields and its caller checks once.
class Reader {
 public:
  template <class T>
  void value(const json& j, T& to, std::string_view name) {
    if constexpr (std::is_same_v<T, bool>) {
      if (j.is_boolean()) {
        to = j.get<bool>();
      } else if (j.is_string()) {
        to = j.get_ref<const std::string&>() == "true";
      } else {
        wrong(name);
      }
    } else if constexpr (std::is_integral_v<T>) {
      integer(j, to, name);
    } else if constexpr (std::is_floating_point_v<T>) {
      if (j.is_number()) {
        to = j.get<T>();
      } else {
        wrong(name);
      }
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (j.is_string()) {
        to = j.get_ref<const std::string&>();
      } else if (j.is_number() || j.is_boolean()) {
        to = j.dump();
      } else {
        wrong(name);
      }
    } else if constexpr (NamedEnum<T>) {
      named(j, to, name);
    } else if constexpr (Visitable<T>) {
      if (!j.is_object()) return wrong(name);
      Fields fields{*this, j};
      T::visit(to, fields);
    } else if constexpr (requires { typename T::mapped_type; }) {
      map(j, to, name);
    } else {
      list(j, to, name);
    }
  }

  Status status() const {
    if (wrong_.empty()) return {};
    return fail(ErrorKind::kInvalid, "JSON: wrong value of " + wrong_);
  }

 private:
  struct Fields {
    Reader& reader;
    const json& object;

    template <class T>
    void field(std::string_view key, T& to) {
      const auto found = object.find(key);
      if (found != object.end() && !found->is_null()) reader.value(*found, to, key);
    }
    template <class T>
    void field(std::string_view key, std::optional<T>& to) {
      const auto found = object.find(key);
      if (found == object.end() || found->is_null()) return;
      reader.value(*found, to.emplace(), key);
    }
    template <class T>
    void nullable(std::string_view key, T& to) {
      field(key, to);
    }
  };

  void wrong(std::string_view name) {
    if (wrong_.empty()) wrong_ = name.empty() ? "a body" : name;
  }

  template <class T>
  static bool from_text(std::string_view text, T& to) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
    return error == std::errc{} && end == text.data() + text.size();
  }

  template <class T>
  void integer(const json& j, T& to, std::string_view name) {
    if (j.is_number_unsigned()) {
      const auto v = j.get<std::uint64_t>();
      if (!std::in_range<T>(v)) return wrong(name);
      to = static_cast<T>(v);
    } else if (j.is_number_integer()) {
      const auto v = j.get<std::int64_t>();
      if (!std::in_range<T>(v)) return wrong(name);
      to = static_cast<T>(v);
    } else if (!j.is_string() || !from_text(j.get_ref<const std::string&>(), to)) {
      wrong(name);
    }
  }

  template <class T>
  void named(const json& j, T& to, std::string_view name) {
    const auto names = enum_names(T{});
    if (j.is_string()) {
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == j.get_ref<const std::string&>()) {
          to = static_cast<T>(i);
          return;
        }
      }
    } else if (j.is_number_unsigned() && j.get<std::uint64_t>() < names.size()) {
      to = static_cast<T>(j.get<std::uint64_t>());
      return;
    }
    wrong(name);
  }

  template <class T>
  void map(const json& j, T& to, std::string_view name) {
    if (!j.is_object()) return wrong(name);
    for (const auto& [text, item] : j.items()) {
      if (item.is_null()) continue;
      typename T::key_type key{};
      if constexpr (std::is_same_v<typename T::key_type, std::string>) {
        key = text;
      } else if constexpr (std::is_integral_v<typename T::key_type>) {
        if (!from_text(text, key)) return wrong(name);
      } else {
        auto object = parse_fastjson(text);
        if (!object) return wrong(name);
        value(*object, key, name);
      }
      value(item, to[std::move(key)], name);
    }
  }

  template <class T>
  void list(const json& j, T& to, std::string_view name) {
    if (!j.is_array()) return wrong(name);
    for (const auto& item : j) {
      if (item.is_null()) continue;
      typename T::value_type v{};
      value(item, v, name);
      to.insert(to.end(), std::move(v));
    }
  }

  std::string wrong_;
};

}  // namespace rmq::protocol::body

namespace rmq::protocol {

template <class Body>
Result<Body> parse_body(std::string_view text) {
  RMQ_TRY(const auto document, parse_fastjson(text));
  Body result{};
  body::Reader reader;
  reader.value(document, result, {});
  RMQ_CHECK_OK(reader.status());
  return result;
}

template <class Body>
void append_body(std::string& out, const Body& b, JsonStyle style) {
  body::Writer(out, style).value(b);
}

}  // namespace rmq::protocol

// Makes the two functions of json_body.h for one struct.
#define RMQ_JSON_BODY(Body)                                 \
  template Result<Body> parse_body<Body>(std::string_view); \
  template void append_body(std::string&, const Body&, JsonStyle)
