#include <algorithm>
#include <utility>

#include "core/http/status_error.hpp"
#include "core/probe.hpp"

namespace core {

namespace {

constexpr double kWatchS = 0.25;  // between two looks at whether the server's process lives

class HealthProbe : public std::enable_shared_from_this<HealthProbe> {
 public:
  HealthProbe(std::shared_ptr<Http> http, std::shared_ptr<Clock> clock, HealthWait wait,
              Callback<Health> done)
      : http_(std::move(http)), clock_(std::move(clock)), wait_(std::move(wait)), done_(std::move(done)) {
    started_ns_ = clock_->monotonic_ns();
    wait_.to.url = endpoint_url(std::move(wait_.to.url), wait_.path);
    last_ = Error{"timeout", "no try was made", ""};
  }

  Cancel start() {
    watch_timer_ = after(0, &HealthProbe::watch);
    try_timer_ = after(0, &HealthProbe::try_once);
    end_timer_ = after(wait_.timeout_s, &HealthProbe::give_up);
    return [weak = weak_from_this()] {
      if (auto self = weak.lock())
        self->finish(Error{"cancelled", "the wait for " + self->wait_.to.url + " was cancelled", ""});
    };
  }

 private:
  /// Timers keep the probe alive; `finish` disarms them.
  Cancel after(double seconds, void (HealthProbe::*what)()) {
    return clock_->call_after(seconds, [self = shared_from_this(), what] { (self.get()->*what)(); });
  }

  double seconds() const { return static_cast<double>(clock_->monotonic_ns() - started_ns_) * 1e-9; }

  void watch() {
    if (wait_.while_alive && !is_dead())
      watch_timer_ = after(std::min(kWatchS, std::max(wait_.interval_s, 0.01)), &HealthProbe::watch);
  }

  void try_once() {
    ++health_.attempts;
    HttpRequest request = wait_.to;
    const double left = std::max(wait_.timeout_s - seconds(), 0.001);
    request.timeout_s = request.timeout_s > 0 ? std::min(request.timeout_s, left) : left;
    cancel_ = http_->fetch(std::move(request), [self = shared_from_this()](Result<HttpResponse> response) {
      self->answered(std::move(response));
    });
  }

  void answered(Result<HttpResponse> response) {
    if (!done_) return;
    if (response && response->status < 300) {
      health_.seconds = seconds();
      return finish(health_);
    }
    last_ = response ? status_error(*response) : std::move(response).error();
    if (is_hopeless(last_)) return finish(last_);
    if (!is_dead()) try_timer_ = after(wait_.interval_s, &HealthProbe::try_once);
  }

  /// Asks `while_alive`; ends the wait if the answer is no.
  bool is_dead() {
    if (!wait_.while_alive) return false;
    auto alive = wait_.while_alive();
    if (!alive) finish(std::move(alive).error());
    return !alive;
  }

  /// Nothing that time heals.
  static bool is_hopeless(const Error& error) {
    const std::string reason = error.facts.value("reason", "");
    return error.code == "denied" || reason == "url" || reason == "file" || reason == "redirect" ||
           reason == "replay" || error.message.find("certificate not accepted") != std::string::npos;
  }

  void give_up() {
    Error error{"timeout",
                wait_.to.url + " was not ready within " + Value(wait_.timeout_s).dump() + " s; the last of " +
                    std::to_string(health_.attempts) + " tries: " + last_.message,
                "raise the timeout, or see the server's log for what it waits for"};
    finish(std::move(error)
               .with("url", wait_.to.url)
               .with("after_s", wait_.timeout_s)
               .with("attempts", health_.attempts)
               .with("last_reason", last_.facts.value("reason", "")));
  }

  void finish(Result<Health> result) {
    if (!done_) return;
    auto done = std::exchange(done_, {});
    for (auto* cancel : {&watch_timer_, &try_timer_, &end_timer_, &cancel_})
      if (*cancel) std::exchange(*cancel, {})();
    done(std::move(result));
  }

  std::shared_ptr<Http> http_;
  std::shared_ptr<Clock> clock_;
  HealthWait wait_;
  Callback<Health> done_;
  Health health_;
  Error last_;
  std::int64_t started_ns_ = 0;
  Cancel watch_timer_, try_timer_, end_timer_, cancel_;
};

}  // namespace

Cancel probe_health(std::shared_ptr<Http> http, std::shared_ptr<Clock> clock, HealthWait wait,
                    Callback<Health> done) {
  return std::make_shared<HealthProbe>(std::move(http), std::move(clock), std::move(wait), std::move(done))
      ->start();
}

}  // namespace core
