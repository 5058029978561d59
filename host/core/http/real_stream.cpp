#include "core/http/real_stream.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "core/http/operation.hpp"

namespace core {

namespace asio = boost::asio;
using asio::awaitable;
using net::Io;
using Event = net::HttpParser::Event;

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

RealStream::RealStream(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

void RealStream::close() {
  if (reading_) return reading_->stop(cancelled_error(route.url));  // which closes the channel
  channel.reset();
}

void RealStream::release() {
  if (channel && parser.head().keep_alive && rest.empty() && !reuse_key.empty())
    shared_->pool.give(reuse_key, std::move(channel), shared_->world.clock->monotonic_ns());
  channel.reset();
}

Io RealStream::read_more() {
  buffer.resize(kReadBytes);
  std::size_t got = 0;
  const Io io = channel->connection().read(buffer.data(), buffer.size(), got);
  rest = std::string_view(buffer).substr(0, got);
  if (got > 0) heard = true;
  return io;
}

Error cancelled_error(const Url& url) {
  return Error{"cancelled", "the request to " + url.text() + " was cancelled", ""}.with("url", url.text());
}

Error protocol_error(const RealStream& stream) {
  return http_error(
      stream.route.url, "protocol",
      "the answer of " + stream.route.url.text() + " is not valid HTTP: " + stream.parser.problem(),
      "check that the port belongs to the server you mean, and http against https");
}

class ReadOperation : public Operation {
 public:
  using Piece = std::optional<std::string>;

  ReadOperation(std::shared_ptr<Shared> shared, std::shared_ptr<RealStream> stream, Callback<Piece> done)
      : Operation(std::move(shared)), stream_(std::move(stream)), done_(std::move(done)) {}

  awaitable<void> run() {
    Result<Piece> piece = Piece();
    if (stream_->channel) piece = co_await next();
    stream_->reading_ = nullptr;
    if (!piece) stream_->channel.reset();
    done_(std::move(piece));
  }

  void begin() { stream_->reading_ = this; }

 private:
  awaitable<Result<Piece>> next() {
    const Phase phase(*this, stream_->idle_timeout_s);
    while (true) {
      if (stopped_) co_return *stopped_;
      const Event event = stream_->parser.next(stream_->rest);
      if (event == Event::kBody) co_return Piece(std::string(stream_->parser.body()));
      if (event == Event::kBad) co_return protocol_error(*stream_);
      if (event == Event::kDone) {
        stream_->release();
        co_return Piece();
      }
      std::function<Io()> attempt = [stream = stream_.get()] { return stream->read_more(); };
      const Io io = co_await drive(*stream_->channel, attempt);
      if (io == Io::kOk) continue;
      co_return ended(io);
    }
  }

  Result<Piece> ended(Io io) {
    const Url& url = stream_->route.url;
    if (stopped_) return *stopped_;
    if (overdue_)
      return timeout_error(url, "body", "nothing more of the answer came", stream_->idle_timeout_s);
    if (io == Io::kFailed) return connection_error(url, stream_->channel->connection().problem());
    if (stream_->parser.finish() == Event::kDone) return Piece();
    return http_error(url, "closed",
                      "the answer of " + url.text() + " broke off: " + stream_->parser.problem(),
                      "the server closed the connection early; see its log");
  }

  std::shared_ptr<RealStream> stream_;
  Callback<Piece> done_;
};

Cancel RealStream::read(Callback<std::optional<std::string>> done) {
  auto operation = std::make_shared<ReadOperation>(shared_, shared_from_this(), std::move(done));
  operation->begin();
  asio::co_spawn(
      shared_->world.loop.context(), [operation] { return operation->run(); }, asio::detached);
  return [weak = std::weak_ptr<Operation>(operation), url = route.url] {
    if (auto self = weak.lock()) self->stop(cancelled_error(url));
  };
}

}  // namespace core
