// A child process that only pretends, for dry runs and replays.
#include <utility>

#include "core/redact.hpp"
#include "core/runner.hpp"
#include "core/world.hpp"

namespace core {

namespace {

class CannedChild : public Child, public std::enable_shared_from_this<CannedChild> {
 public:
  CannedChild(World& world, Command command, Finished result, std::optional<Error> error)
      : world_(world),
        clock_(world.clock),
        command_(std::move(command)),
        text_(command_text(command_.argv)),
        result_(std::move(result)),
        error_(std::move(error)),
        out_(result_.out.text),
        err_(result_.err.text) {
    command_.env.clear();
    command_.stdin_text.clear();
  }

  void begin() {
    handle_ = world_.handles.add("child", text_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->end(0, true);
    });
    started_ns_ = clock_->monotonic_ns();
    const bool too_slow = result_.seconds > command_.timeout_s;
    timer_ = clock_->call_after(too_slow ? command_.timeout_s : result_.seconds,
                                [self = shared_from_this(), too_slow] {
                                  if (too_slow) self->error_ = self->timeout();
                                  self->finish();
                                });
  }

  int pid() const override { return 0; }
  bool running() const override { return !finished_; }
  Clock& clock() override { return *clock_; }

  Cancel wait(Callback<Finished> done) override {
    auto waiter = std::make_shared<Callback<Finished>>(std::move(done));
    waiters_.push_back(waiter);
    if (finished_) answer_later();
    return [self = shared_from_this(), waiter] {
      self->world_.loop.post([self, waiter] {
        if (auto callback = std::exchange(*waiter, {}))
          callback(Error{"cancelled", "waiting for " + self->text_ + " was cancelled"});
      });
    };
  }

  Cancel read_line(Stream stream, Callback<std::optional<std::string>> done) override {
    Lines& lines = stream == Stream::kStdout ? out_ : err_;
    if (lines.reader) throw UsageError("two reads of one stream at the same time");
    lines.reader = std::move(done);
    world_.loop.post([self = shared_from_this(), &lines] { self->serve(lines); });
    return [self = shared_from_this(), &lines] {
      self->world_.loop.post([self, &lines] {
        if (auto callback = std::exchange(lines.reader, {}))
          callback(Error{"cancelled", "reading the output of " + self->text_ + " was cancelled"});
      });
    };
  }

  Cancel write(std::string, Callback<Done> done) override {
    world_.loop.post([self = shared_from_this(), done = std::move(done)] {
      if (self->finished_)
        done(Error{"conflict", self->text_ + " does not read its stdin any more"}.with("command",
                                                                                       self->text_));
      else
        done(Done{});
    });
    return {};
  }
  void close_stdin() override {}
  void signal(int) override { end(0, false); }

  void end(double, bool cancelled) override {
    if (finished_) return;
    timer_();
    if (cancelled) {
      error_ = Error{"cancelled", text_ + " was ended because its task was cancelled"}.with("command", text_);
    } else {
      error_.reset();
      result_.exit_code = 143;
      result_.signal = "TERM";
    }
    finish();
  }

 private:
  struct Lines {
    explicit Lines(const std::string& given) : text(given) {}
    std::string text;
    std::size_t at = 0;
    Callback<std::optional<std::string>> reader;
  };

  Error timeout() const {
    return redact(Error{"timeout", text_ + " did not end within " + Value(command_.timeout_s).dump() + " s",
                        "raise timeout_s, or see in stderr_tail what it was waiting for"}
                      .with("command", text_)
                      .with("after_s", command_.timeout_s)
                      .with("stdout_tail", result_.out.text)
                      .with("stderr_tail", result_.err.text));
  }

  void serve(Lines& lines) {
    if (!lines.reader) return;
    std::optional<std::string> line;
    if (lines.at < lines.text.size()) {
      const auto end = std::min(lines.text.find('\n', lines.at), lines.text.size());
      line = lines.text.substr(lines.at, end - lines.at);
      lines.at = end + 1;
    } else if (!finished_) {
      return;  // its end is answered in `finish`
    }
    std::exchange(lines.reader, {})(std::move(line));
  }

  void finish() {
    if (std::exchange(finished_, true)) return;
    result_.seconds = static_cast<double>(clock_->monotonic_ns() - started_ns_) / 1e9;
    world_.handles.remove(handle_);
    answer_later();
  }

  void answer_later() {
    world_.loop.post([self = shared_from_this()] {
      self->serve(self->out_);
      self->serve(self->err_);
      for (const auto& waiter : std::exchange(self->waiters_, {}))
        if (auto done = std::exchange(*waiter, {}))
          done(self->error_ ? Result<Finished>(*self->error_) : Result<Finished>(self->result_));
    });
  }

  World& world_;
  std::shared_ptr<Clock> clock_;  // kept: a test may swap the world's while this one lives
  Command command_;
  std::string text_;
  Finished result_;
  std::optional<Error> error_;
  Lines out_, err_;
  std::int64_t started_ns_ = 0;
  std::uint64_t handle_ = 0;
  bool finished_ = false;
  Cancel timer_;
  std::vector<std::shared_ptr<Callback<Finished>>> waiters_;
};

}  // namespace

std::shared_ptr<Child> make_canned_child(World& world, Command command, Finished result,
                                         std::optional<Error> error) {
  auto child = std::make_shared<CannedChild>(world, std::move(command), std::move(result), std::move(error));
  child->begin();
  return child;
}

}  // namespace core
