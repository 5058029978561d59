#include "core/http.hpp"
#include "core/net/http_parser.hpp"

namespace core {

namespace {

/// One `fetch`: opens, then reads to the end under one deadline.
class Fetch : public std::enable_shared_from_this<Fetch> {
 public:
  Fetch(std::shared_ptr<Clock> clock, const HttpRequest& request, Callback<HttpResponse> done)
      : clock_(std::move(clock)),
        timeout_s_(request.timeout_s),
        max_body_bytes_(request.max_body_bytes),
        started_ns_(clock_->monotonic_ns()),
        done_(std::move(done)) {}

  void opened(Result<std::shared_ptr<HttpStream>> stream) {
    if (!stream) return finish(std::move(stream).error());
    stream_ = std::move(*stream);
    if (!done_) return stream_->close();
    response_.status = stream_->status;
    response_.headers = stream_->headers;
    response_.url = stream_->url;
    if (timeout_s_ > 0) {
      disarm_ = clock_->call_after(timeout_s_ - seconds(), [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->expired();
      });
    }
    read();
  }

  void cancel() {
    if (cancel_) std::exchange(cancel_, {})();
  }

  void on_cancel(Cancel cancel) { cancel_ = std::move(cancel); }

 private:
  double seconds() const { return static_cast<double>(clock_->monotonic_ns() - started_ns_) * 1e-9; }

  void read() {
    cancel_ = stream_->read([self = shared_from_this()](Result<std::optional<std::string>> piece) {
      self->got(std::move(piece));
    });
  }

  void got(Result<std::optional<std::string>> piece) {
    if (!done_) return;
    if (!piece) return finish(std::move(piece).error());
    if (!*piece) {
      response_.seconds = seconds();
      return finish(std::move(response_));
    }
    response_.body += **piece;
    if (response_.body.size() <= max_body_bytes_) return read();
    stream_->close();
    finish(Error{
        "invalid",
        "the answer of " + response_.url + " is larger than " + std::to_string(max_body_bytes_) + " bytes",
        "raise max_body_bytes, or read it as a stream"}
               .with("reason", "too_large")
               .with("url", response_.url));
  }

  void expired() {
    Error error{
        "timeout",
        "the answer of " + response_.url + " was not complete after " + Value(timeout_s_).dump() + " s",
        "raise timeout_s, or see what keeps the server"};
    finish(std::move(error).with("reason", "body").with("url", response_.url).with("after_s", timeout_s_));
    stream_->close();
  }

  void finish(Result<HttpResponse> result) {
    if (disarm_) std::exchange(disarm_, {})();
    if (done_) std::exchange(done_, {})(std::move(result));
  }

  std::shared_ptr<Clock> clock_;
  double timeout_s_;
  std::uint64_t max_body_bytes_;
  std::int64_t started_ns_;
  Callback<HttpResponse> done_;
  std::shared_ptr<HttpStream> stream_;
  HttpResponse response_;
  Cancel cancel_, disarm_;
};

}  // namespace

std::optional<std::string> find_header(const HttpHeaders& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (net::same_token(key, name)) return value;
  return {};
}

Cancel Http::fetch(HttpRequest request, Callback<HttpResponse> done) {
  auto fetch = std::make_shared<Fetch>(clock(), request, std::move(done));
  fetch->on_cancel(open(std::move(request), [fetch](Result<std::shared_ptr<HttpStream>> stream) {
    fetch->opened(std::move(stream));
  }));
  return [weak = std::weak_ptr(fetch)] {
    if (auto self = weak.lock()) self->cancel();
  };
}

}  // namespace core
