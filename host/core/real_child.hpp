// One real child process; used by real_runner.cpp only.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "core/clock.hpp"
#include "core/process.hpp"
#include "core/runner.hpp"
#include "core/world.hpp"

namespace core {

/// What children share with the runner that started them.
struct RealParts {
  explicit RealParts(World& given) : world(given), clock(make_real_clock(given.loop)) {}
  World& world;
  std::unique_ptr<Clock> clock;  ///< real processes live in real time, whatever clock the scripts have
  Guard guard;
};

class RealChild : public Child, public std::enable_shared_from_this<RealChild> {
 public:
  RealChild(std::shared_ptr<RealParts> parts, Command command);

  /// Starts `program`; called once, first.
  Result<Done> start(const std::string& program);

  int pid() const override { return pid_; }
  bool running() const override { return !finished_; }
  Clock& clock() override { return *parts_->clock; }
  Cancel wait(Callback<Finished> done) override;
  Cancel read_line(Stream stream, Callback<std::optional<std::string>> done) override;
  Cancel write(std::string data, Callback<Done> done) override;
  void close_stdin() override;
  void signal(int number) override;
  void end(double grace_s, bool cancelled) override;

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;
  using LineCallback = Callback<std::optional<std::string>>;

  /// One of the two output streams.
  struct Outlet {
    Outlet(boost::asio::io_context& context, const Command& command, Capture::NewPath new_path)
        : pipe(context),
          capture(command.capture_bytes, command.spill_bytes, std::move(new_path)),
          lines(capture) {}
    Descriptor pipe;
    std::vector<char> buffer;
    Capture capture;
    LineReader lines;
    LineCallback reader;
  };
  struct Outgoing {
    std::string data;
    Callback<Done> done;
  };
  struct Waiter {
    Callback<Finished> done;
  };

  void attach(Descriptor& descriptor, Fd fd);
  void watch_exit();
  void read_more(Outlet& outlet);
  void serve_reader(Outlet& outlet);
  void send_next();
  void drop_outgoing();
  void on_exit();
  void on_closed();
  void give_up_waiting();
  void close_outlet(Outlet& outlet);
  void kill_group();
  void close_now();
  void finish();
  Result<Finished> outcome() const;
  Error failure(const std::string& code, const std::string& what) const;
  Outlet& outlet(Stream stream) { return stream == Stream::kStdout ? out_ : err_; }
  double seconds() const;

  std::shared_ptr<RealParts> parts_;
  Command command_;
  std::string text_;  // of the command, without secrets
  int pid_ = 0;
  std::int64_t started_ns_ = 0, ended_ns_ = 0;
  std::uint64_t handle_ = 0;
  Descriptor exit_, stdin_;
  Outlet out_, err_;
  std::deque<Outgoing> outgoing_;
  bool sending_ = false, close_when_sent_ = false;
  bool exited_ = false, finished_ = false, ending_ = false, giving_up_ = false;
  std::string end_code_;  // why it was ended: "", timeout or cancelled
  ExitStatus status_;
  Cancel limit_timer_, end_timer_, linger_timer_;
  std::vector<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace core
