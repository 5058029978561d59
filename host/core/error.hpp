// How the world's failures travel: as values, never as exceptions.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "core/value.hpp"

namespace core {

/// One failure of the outside world. Scripts see it as a table `{ code, message, hint?, <facts> }`.
struct Error {
  /// Stable word that scripts compare; the full list is in docs/errors.md:
  /// exit timeout cancelled not_found conflict unreachable denied invalid.
  std::string code;
  /// What happened, in one sentence, with the names involved.
  std::string message;
  /// What to do next; may be empty.
  std::string hint;
  /// Extra fields of the table: `command`, `exit_code`, `stderr_tail`, `url`, `file`, `line`, ...
  Value facts = Value::object();

  Error with(const std::string& key, Value fact) && {
    facts[key] = std::move(fact);
    return std::move(*this);
  }
  Error advise(std::string text) && {
    hint = std::move(text);
    return std::move(*this);
  }
};

/// Misuse of an interface by a script: wrong type, unknown option, bad moment. Thrown by bindings and
/// `check_*`; `script::guard` turns it into a Lua error at the caller's line.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Stands for "it worked and there is nothing to say".
struct Done {};

/// Either a T or the Error that kept us from it.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: implicit on purpose

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }

 private:
  std::variant<T, Error> state_;
};

/// Called exactly once, from the loop, with the outcome of an asynchronous operation.
template <class T>
using Callback = std::function<void(Result<T>)>;

/// Every asynchronous core function returns one. Calling it asks the operation to end soon; its
/// callback then gets code `cancelled` (or the result, if it was faster). Safe to call at any time,
/// any number of times, also after the end. May be empty when there is nothing to cancel.
using Cancel = std::function<void()>;

}  // namespace core
