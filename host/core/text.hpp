// Digests, encodings and random names.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace core {

/// SHA-256 of data that arrives in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view piece);
  /// The digest as 64 lower-case hex digits. Called once, last.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of `text` as 64 lower-case hex digits.
std::string sha256(std::string_view text);

/// Lower-case hex digits of `bytes`.
std::string hex(std::string_view bytes);

/// Standard base64 (RFC 4648 section 4) with padding and without line breaks.
std::string base64_encode(std::string_view bytes);
/// Accepts the standard and the URL-safe alphabet, missing padding and white space; anything else is
/// `invalid`, with the offset of the first bad character.
Result<std::string> base64_decode(std::string_view text);

/// `count` bytes from the system's cryptographic source.
std::string random_bytes(std::size_t count);
/// A random (version 4) UUID, lower case.
std::string uuid4();
/// `length` random characters from a-z and 0-9, the first a letter: fit for DNS labels and file names.
std::string random_id(std::size_t length);

}  // namespace core
