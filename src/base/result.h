// SPDX-License-Identifier: Apache-2.0
// How a function that can fail says so. Result has the names of C++23's std::expected;
// std::expected itself is out of reach, because clang 14 (our clang-tidy) cannot parse libstdc++
// 12's version of it. No exceptions are used.
#pragma once

#include <cassert>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace outboard {

/// What the caller can do about an error; decides the exit code. Never decide on the text.
enum class ErrorCode {
  kUsage,        ///< the command line or a file written by a person is wrong
  kNotFound,     ///< a named thing does not exist
  kDenied,       ///< permission is missing
  kUnsupported,  ///< this host, engine or image cannot do it
  kConflict,     ///< two facts or two requests contradict each other
  kIo,           ///< the system refused a read, write or start
  kBusy,         ///< somebody else holds it; trying again can help
  kBug,          ///< our own mistake
};

/// `text`: lower case, objects in single quotes, no period, outermost context first ("edit bundle
/// '/b': open ..."). `hint`: one imperative sentence, possibly with a command, or empty.
/// `os_errno`: 0 if no system call failed.
struct Error {
  ErrorCode code = ErrorCode::kIo;
  std::string text;
  std::string hint;
  int os_errno = 0;

  /// Puts what was being done in front of the text.
  Error in(const std::string& context) && {
    text = context + ": " + text;
    return std::move(*this);
  }
  Error with_hint(std::string sentence) && {
    hint = std::move(sentence);
    return std::move(*this);
  }
};

/// An error without a failed system call.
Error make_error(ErrorCode code, std::string text, std::string hint = {});

/// "WHAT: strerror(errno)" with the code that fits `os_errno` (ENOENT is kNotFound, EACCES and
/// EPERM are kDenied ...).
Error os_error(const std::string& what, int os_errno = errno);

/// What os_error() saw since this was made on this thread: a failure that says nothing about the
/// thing that was asked for (no memory or descriptor left, a disk or server that does not answer).
/// A search that takes a failed look for "not there" asks at its end, or it would find half of what
/// there is and call it all.
class FailureWatch {
 public:
  FailureWatch();
  /// The latest such failure.
  std::optional<Error> failure() const;

 private:
  size_t before_;
};

/// A value or an Error. Access to the wrong one is a programmer's mistake and asserts, in release
/// builds too.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design
  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }
  Error& error() & { return *std::get_if<1>(&state_); }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}  // NOLINT: implicit by design
  bool has_value() const { return ok_; }
  explicit operator bool() const { return ok_; }
  Error& error() & { return error_; }
  const Error& error() const& { return error_; }
  Error&& error() && { return std::move(error_); }

 private:
  Error error_;
  bool ok_ = true;
};

}  // namespace outboard

#define OB_CONCAT_(a, b) a##b
#define OB_CONCAT(a, b) OB_CONCAT_(a, b)

/// OB_TRY(auto fd, open_file(path)); declares from a Result or returns its error.
#define OB_TRY(declaration, expression) \
  OB_TRY_(OB_CONCAT(ob_result_, __LINE__), declaration, expression)
#define OB_TRY_(name, declaration, expression) \
  auto name = (expression);                    \
  if (!name) return std::move(name).error();   \
  declaration = std::move(name).value()

/// OB_CHECK(write_file(...)); returns the error of a Result<void> (or of any Result whose value is
/// not needed).
#define OB_CHECK(expression)                                                         \
  do {                                                                               \
    if (auto ob_check = (expression); !ob_check) return std::move(ob_check).error(); \
  } while (0)
