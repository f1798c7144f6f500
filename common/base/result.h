// Errors are values with context. Every fallible function of the project returns Result<T> (or Status when it has
// nothing to give); exceptions are for programming errors only.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace rmq {

enum class ErrorKind {
  kInvalid,      // the input is wrong: torn, hostile, out of range
  kNotFound,     // what was asked for does not exist
  kConflict,     // somebody else changed or holds it
  kDenied,       // not allowed
  kUnavailable,  // not now: peer down, shutting down, overloaded; a later try may succeed
  kTimeout,      // no answer within the limit
  kFull,         // disk, quota or queue is full
  kIo,           // the operating system said no
  kCorrupt,      // stored data fails its check
  kUnsupported,  // understood and refused
  kInternal,     // a broken invariant
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;

  // Puts what was being done before what went wrong: "load topics.json: unexpected end".
  Error with(std::string_view context) && {
    std::string text(context);
    text += ": ";
    text += message;
    return Error{kind, std::move(text)};
  }
  Error with(std::string_view context) const& { return Error(*this).with(context); }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = tl::expected<void, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}
inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

// The error of a failed system call, from errno.
inline tl::unexpected<Error> fail_errno(std::string_view what, int error_number) {
  std::string text(what);
  text += ": ";
  text += std::strerror(error_number);
  return fail(ErrorKind::kIo, std::move(text));
}

}  // namespace rmq

#define RMQ_CONCAT_IMPL(a, b) a##b
#define RMQ_CONCAT(a, b) RMQ_CONCAT_IMPL(a, b)

// RMQ_TRY(auto value, expression): value on success, else returns the error.
#define RMQ_TRY(declaration, expression) RMQ_TRY_IMPL(RMQ_CONCAT(rmq_result_, __LINE__), declaration, expression)
#define RMQ_TRY_IMPL(result, declaration, expression)                            \
  auto result = (expression);                                                    \
  if (!result) return ::tl::unexpected<::rmq::Error>(std::move(result).error()); \
  declaration = std::move(*result)

// RMQ_CHECK_OK(expression): returns the error, if any.
#define RMQ_CHECK_OK(expression) RMQ_CHECK_OK_IMPL(RMQ_CONCAT(rmq_status_, __LINE__), expression)
#define RMQ_CHECK_OK_IMPL(status, expression)                                      \
  do {                                                                             \
    auto status = (expression);                                                    \
    if (!status) return ::tl::unexpected<::rmq::Error>(std::move(status).error()); \
  } while (false)
