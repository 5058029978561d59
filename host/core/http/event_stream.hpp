// Server-sent events out of the pieces of a body.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace core {

/// One server-sent event.
struct ServerEvent {
  std::string event = "message";
  std::string data;
  std::string id;       ///< the last one that was given
  double retry_s = -1;  ///< how long to wait before reconnecting; -1 unless the server said
};

/// Feed: `add` what arrives, then take `next` until it gives nothing. Lines end with LF, CRLF or CR; data
/// lines are joined by LF; comments are skipped; an event without data is none.
class EventStream {
 public:
  /// Error `invalid` when an event grows beyond 16 MiB.
  Result<Done> add(std::string_view piece);
  std::optional<ServerEvent> next();

 private:
  std::optional<std::string_view> take_line();
  void take_field(std::string_view line);

  std::string text_;
  std::size_t at_ = 0;
  bool begun_ = false;     // a first byte has come
  bool after_cr_ = false;  // an LF now belongs to the line before
  bool has_data_ = false;
  ServerEvent event_;
};

}  // namespace core
