// The body of one answer of the network. Internal to core/http.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/http.hpp"
#include "core/http/channel.hpp"
#include "core/http/wire.hpp"
#include "core/net/http_parser.hpp"

namespace core {

struct Shared;
class Operation;

/// The body of one answer.
class RealStream : public HttpStream, public std::enable_shared_from_this<RealStream> {
 public:
  explicit RealStream(std::shared_ptr<Shared> shared);

  Cancel read(Callback<std::optional<std::string>> done) override;
  void close() override;

  /// The answer is complete: the connection may serve another request.
  void release();
  /// Adds more bytes to the input.
  net::Io read_more();

  Route route;
  std::string reuse_key;  // empty: not to be used again
  std::unique_ptr<Channel> channel;
  net::HttpParser parser{net::HttpParser::Kind::kResponse};
  std::string buffer;
  std::string_view rest;  // of the buffer, not yet parsed
  bool heard = false;     // a byte of the answer has come
  double idle_timeout_s = 0;

 private:
  friend class ReadOperation;
  std::shared_ptr<Shared> shared_;
  Operation* reading_ = nullptr;
};

/// The answer is not HTTP.
Error protocol_error(const RealStream& stream);
/// Code `cancelled`.
Error cancelled_error(const Url& url);

}  // namespace core
