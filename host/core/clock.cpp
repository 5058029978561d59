#include "core/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/loop.hpp"

namespace core {

namespace {

constexpr double kPatienceS = 0.25;  // real time that a virtual clock gives to servers and children
constexpr double kLongestTimerS = 100.0 * 365 * 86400;  // keeps the conversion to nanoseconds in range

std::int64_t to_ns(double seconds) {
  const double bounded = std::isnan(seconds) ? 0.0 : std::clamp(seconds, 0.0, kLongestTimerS);
  return static_cast<std::int64_t>(bounded * 1e9);
}

class RealClock : public Clock {
 public:
  explicit RealClock(Loop& loop) : loop_(loop) {}

  std::int64_t monotonic_ns() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

  std::int64_t wall_ns() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  Cancel call_after(double seconds, std::function<void()> fire) override {
    auto timer = std::make_shared<boost::asio::steady_timer>(loop_.context());
    auto armed = std::make_shared<bool>(true);
    timer->expires_after(std::chrono::nanoseconds(to_ns(seconds)));
    timer->async_wait([timer, armed, fire = std::move(fire)](const boost::system::error_code& ec) {
      if (!ec && std::exchange(*armed, false)) fire();
    });
    return [timer, armed] {
      if (std::exchange(*armed, false)) timer->cancel();
    };
  }

 private:
  Loop& loop_;
};

}  // namespace

std::unique_ptr<Clock> make_real_clock(Loop& loop) { return std::make_unique<RealClock>(loop); }

VirtualClock::VirtualClock(Loop& loop, std::int64_t start_wall_ns)
    : loop_(loop),
      start_wall_ns_(start_wall_ns),
      timers_(std::make_shared<std::map<Key, std::function<void()>>>()) {}

Cancel VirtualClock::call_after(double seconds, std::function<void()> fire) {
  auto armed = std::make_shared<bool>(true);
  const Key key{now_ns_ + to_ns(seconds), armed_count_++};
  timers_->emplace(key, [armed, fire = std::move(fire)] {
    if (std::exchange(*armed, false)) fire();
  });
  return [armed, key, weak = std::weak_ptr(timers_)] {
    *armed = false;
    if (auto timers = weak.lock()) timers->erase(key);
  };
}

bool VirtualClock::idle() {
  if (loop_.expects_outside() && loop_.run_one_within(kPatienceS)) return true;
  if (timers_->empty()) return false;
  const auto next = timers_->begin();
  now_ns_ = std::max(now_ns_, next->first.first);
  loop_.post(std::move(next->second));
  timers_->erase(next);
  return true;
}

namespace {

struct Moment {
  std::tm parts{};
  int millis = 0;
};

Moment moment_of(std::int64_t wall_ns, std::tm* (*convert)(const std::time_t*, std::tm*)) {
  Moment moment;
  const auto seconds = static_cast<std::time_t>(wall_ns / 1'000'000'000);
  moment.millis = static_cast<int>(wall_ns / 1'000'000 % 1000);
  convert(&seconds, &moment.parts);
  return moment;
}

/// `format` takes seven numbers: year, month, day, hour, minute, second, milliseconds.
std::string print_moment(const char* format, const Moment& moment) {
  char text[96];
  const std::tm& at = moment.parts;
  std::snprintf(text, sizeof text, format, at.tm_year + 1900, at.tm_mon + 1, at.tm_mday, at.tm_hour,
                at.tm_min, at.tm_sec, moment.millis);
  return text;
}

}  // namespace

std::string rfc3339(std::int64_t wall_ns) {
  return print_moment("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", moment_of(wall_ns, gmtime_r));
}

std::string compact_stamp(std::int64_t wall_ns) {
  return print_moment("%04d%02d%02d-%02d%02d%02d-%03d", moment_of(wall_ns, localtime_r));
}

std::string log_stamp(std::int64_t wall_ns) {
  return print_moment("%04d-%02d-%02d %02d:%02d:%02d,%03d", moment_of(wall_ns, localtime_r));
}

}  // namespace core
