#include "core/real_child.hpp"

#include <cerrno>
#include <cmath>
#include <csignal>

#include <poll.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>

#include "core/interrupt.hpp"
#include "core/redact.hpp"
#include "core/temp.hpp"

namespace core {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kTailBytes = 4096;
constexpr double kLongestS = 1e9;      // about 30 years: as good as no limit
constexpr double kLingerS = 1.0;       // for what is left of a group once its leader is gone
constexpr double kUnkillableS = 10.0;  // then a killed process is given up
constexpr int kCloseMs = 2000;

Capture::NewPath spill_path(World& world, const char* name) {
  return [&world, name] { return world.temp->new_path(name); };
}

}  // namespace

RealChild::RealChild(std::shared_ptr<RealParts> parts, Command command)
    : parts_(std::move(parts)),
      command_(std::move(command)),
      text_(command_text(command_.argv)),
      exit_(parts_->world.loop.context()),
      stdin_(parts_->world.loop.context()),
      out_(parts_->world.loop.context(), command_, spill_path(parts_->world, "stdout")),
      err_(parts_->world.loop.context(), command_, spill_path(parts_->world, "stderr")) {}

void RealChild::attach(Descriptor& descriptor, Fd fd) { descriptor.assign(fd.release()); }

Result<Done> RealChild::start(const std::string& program) {
  const bool with_stdin = command_.keep_stdin || !command_.stdin_text.empty();
  auto in = make_pipe(), out = make_pipe(), err = make_pipe();
  for (auto* pipe : {&in, &out, &err})
    if (!*pipe) return pipe->error();
  SpawnRequest request{program, command_.argv, environment_block(*parts_->world.env, command_.env),
                       command_.cwd};
  request.stdin_fd = with_stdin ? in->read.get() : -1;
  request.stdout_fd = out->write.get();
  request.stderr_fd = command_.merge_stderr ? out->write.get() : err->write.get();
  request.guard_fd = parts_->guard.fd();
  auto spawned = spawn(request);
  if (!spawned) return redact(std::move(spawned.error()).with("command", text_));
  pid_ = *spawned;
  guard_process_group(pid_);
  command_.env.clear();
  started_ns_ = parts_->clock->monotonic_ns();
  handle_ = parts_->world.handles.add("child", std::to_string(pid_) + " " + text_,
                                      [self = shared_from_this()] { self->close_now(); });
  attach(out_.pipe, std::move(out->read));
  attach(err_.pipe, std::move(err->read));
  out->write.reset();
  err->write.reset();
  read_more(out_);
  read_more(err_);
  watch_exit();
  if (with_stdin) {
    in->read.reset();
    attach(stdin_, std::move(in->write));
    close_when_sent_ = !command_.keep_stdin;
    outgoing_.push_back({std::exchange(command_.stdin_text, {}), {}});
    send_next();
  }
  if (command_.timeout_s < kLongestS)
    limit_timer_ = parts_->clock->call_after(command_.timeout_s, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self || self->exited_) return;
      if (self->end_code_.empty()) self->end_code_ = "timeout";
      self->end(self->command_.grace_s, false);
    });
  return Done{};
}

void RealChild::watch_exit() {
  attach(exit_, open_pidfd(pid_));
  exit_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const error_code& ec) {
    if (!ec) self->on_exit();
  });
}

void RealChild::read_more(Outlet& outlet) {
  outlet.buffer.resize(kReadBytes);
  outlet.pipe.async_read_some(asio::buffer(outlet.buffer),
                              [self = shared_from_this(), &outlet](const error_code& ec, std::size_t got) {
                                if (self->finished_) return;
                                outlet.capture.append({outlet.buffer.data(), got});
                                if (ec || self->giving_up_) self->close_outlet(outlet);
                                self->serve_reader(outlet);
                                if (outlet.pipe.is_open()) return self->read_more(outlet);
                                self->on_closed();
                              });
}

void RealChild::serve_reader(Outlet& outlet) {
  if (!outlet.reader) return;
  const bool ended = !outlet.pipe.is_open();
  auto line = outlet.lines.next(ended);
  if (!line && !ended) return;
  auto callback = std::exchange(outlet.reader, {});
  callback(std::move(line));
}

Cancel RealChild::read_line(Stream stream, LineCallback done) {
  Outlet& from = outlet(stream);
  if (from.reader) throw UsageError("two reads of one stream at the same time");
  from.reader = std::move(done);
  const auto self = shared_from_this();
  parts_->world.loop.post([self, &from] { self->serve_reader(from); });
  return [self, &from] {
    self->parts_->world.loop.post([self, &from] {
      auto callback = std::exchange(from.reader, {});
      if (callback) callback(Error{"cancelled", "reading the output of " + self->text_ + " was cancelled"});
    });
  };
}

Cancel RealChild::write(std::string data, Callback<Done> done) {
  const auto self = shared_from_this();
  if (!stdin_.is_open() || close_when_sent_) {
    parts_->world.loop.post([self, done = std::move(done)] {
      done(Error{"conflict", "cannot write to the stdin of " + self->text_ + ": it is closed",
                 "start it with stdin kept open, and write before closing"}
               .with("command", self->text_));
    });
    return {};
  }
  outgoing_.push_back({std::move(data), std::move(done)});
  send_next();
  return {};
}

void RealChild::close_stdin() {
  close_when_sent_ = true;
  send_next();
}

void RealChild::send_next() {
  if (sending_ || !stdin_.is_open()) return;
  error_code ignored;
  if (outgoing_.empty()) {
    if (close_when_sent_) stdin_.close(ignored);
    return;
  }
  sending_ = true;
  asio::async_write(stdin_, asio::buffer(outgoing_.front().data),
                    [self = shared_from_this()](const error_code& ec, std::size_t) {
                      self->sending_ = false;
                      if (ec) return self->drop_outgoing();
                      auto sent = std::move(self->outgoing_.front());
                      self->outgoing_.pop_front();
                      if (sent.done) sent.done(Done{});
                      self->send_next();
                    });
}

void RealChild::drop_outgoing() {
  error_code ignored;
  if (stdin_.is_open()) stdin_.close(ignored);
  for (auto& item : std::exchange(outgoing_, {}))
    if (item.done)
      item.done(Error{"conflict", text_ + " does not read its stdin any more"}.with("command", text_));
}

void RealChild::signal(int number) {
  if (pid_ > 0 && !finished_) ::kill(-pid_, number);
}

void RealChild::end(double grace_s, bool cancelled) {
  if (finished_) return;
  if (cancelled && end_code_.empty() && !exited_) end_code_ = "cancelled";
  if (std::exchange(ending_, true)) return;
  signal(SIGTERM);
  signal(SIGCONT);
  const auto weak = weak_from_this();
  end_timer_ = parts_->clock->call_after(grace_s, [weak] {
    if (const auto self = weak.lock()) self->kill_group();
  });
}

void RealChild::kill_group() {
  if (finished_) return;
  signal(SIGKILL);
  if (exited_) return give_up_waiting();
  end_timer_ = parts_->clock->call_after(kUnkillableS, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->exited_) return;
    self->end_code_ = "timeout";
    self->finish();
  });
}

void RealChild::on_exit() {
  if (exited_ || finished_) return;
  exited_ = true;
  ended_ns_ = parts_->clock->monotonic_ns();
  if (limit_timer_) limit_timer_();
  if (!out_.pipe.is_open() && !err_.pipe.is_open()) return finish();
  if (ending_) return;  // the rest of the group has until `end_timer_`
  linger_timer_ = parts_->clock->call_after(kLingerS, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->kill_group();
  });
}

void RealChild::on_closed() {
  if (exited_ && !out_.pipe.is_open() && !err_.pipe.is_open()) finish();
}

/// The group is dead, yet somebody outside of it holds the pipes: what is in them is taken (in `read_more`,
/// after what it has read already), then they are closed.
void RealChild::give_up_waiting() {
  giving_up_ = true;
  error_code ignored;
  for (auto* outlet : {&out_, &err_})
    if (outlet->pipe.is_open()) outlet->pipe.cancel(ignored);
  on_closed();
}

void RealChild::close_outlet(Outlet& outlet) {
  error_code failed;
  outlet.pipe.non_blocking(true, failed);
  outlet.buffer.resize(kReadBytes);
  // Somebody who keeps on printing must not keep us here: a pipe's worth is enough.
  for (int round = 0; round < 64 && !failed; ++round) {
    const auto got = outlet.pipe.read_some(asio::buffer(outlet.buffer), failed);
    outlet.capture.append({outlet.buffer.data(), got});
  }
  outlet.pipe.close(failed);
  outlet.buffer = {};
}

/// From the world's handles: the program is about to end.
void RealChild::close_now() {
  if (finished_) return;
  signal(SIGKILL);
  if (end_code_.empty()) end_code_ = "cancelled";
  pollfd ended{exit_.native_handle(), POLLIN, 0};
  ::poll(&ended, 1, kCloseMs);
  finish();
}

void RealChild::finish() {
  if (std::exchange(finished_, true)) return;
  ::kill(-pid_, SIGKILL);  // what is left of the group; its leader is not reaped yet, so the id is still ours
  if (const auto status = reap(pid_)) status_ = *status;
  if (!ended_ns_) ended_ns_ = parts_->clock->monotonic_ns();
  parts_->guard.forget(pid_);
  release_process_group(pid_);
  parts_->world.handles.remove(handle_);
  for (auto* timer : {&limit_timer_, &end_timer_, &linger_timer_})
    if (*timer) (*timer)();
  error_code ignored;
  for (auto* descriptor : {&exit_, &out_.pipe, &err_.pipe})
    if (descriptor->is_open()) descriptor->close(ignored);
  if (!sending_) drop_outgoing();
  if (stdin_.is_open()) stdin_.close(ignored);  // a write under way fails and drops the rest
  parts_->world.loop.post([self = shared_from_this()] {
    self->serve_reader(self->out_);
    self->serve_reader(self->err_);
    for (const auto& waiter : std::exchange(self->waiters_, {}))
      if (auto done = std::exchange(waiter->done, {})) done(self->outcome());
  });
}

Cancel RealChild::wait(Callback<Finished> done) {
  auto waiter = std::make_shared<Waiter>(Waiter{std::move(done)});
  const auto self = shared_from_this();
  waiters_.push_back(waiter);
  if (finished_)
    parts_->world.loop.post([self, waiter] {
      if (auto callback = std::exchange(waiter->done, {})) callback(self->outcome());
    });
  return [self, waiter] {
    self->parts_->world.loop.post([self, waiter] {
      auto callback = std::exchange(waiter->done, {});
      if (callback) callback(Error{"cancelled", "waiting for " + self->text_ + " was cancelled"});
    });
  };
}

double RealChild::seconds() const { return static_cast<double>(ended_ns_ - started_ns_) / 1e9; }

Error RealChild::failure(const std::string& code, const std::string& what) const {
  return redact(Error{code, text_ + ' ' + what}
                    .with("command", text_)
                    .with("after_s", seconds())
                    .with("stdout_tail", out_.capture.tail(kTailBytes))
                    .with("stderr_tail", err_.capture.tail(kTailBytes)));
}

Result<Finished> RealChild::outcome() const {
  if (end_code_ == "cancelled") return failure("cancelled", "was ended because its task was cancelled");
  if (end_code_ == "timeout" && !exited_)
    return failure("timeout", "did not end even after SIGKILL")
        .advise("process " + std::to_string(pid_) + " hangs in the kernel");
  if (end_code_ == "timeout") {
    char limit[32];
    std::snprintf(limit, sizeof limit, "%g", command_.timeout_s);
    return failure("timeout", "did not end within " + std::string(limit) + " s")
        .advise("raise timeout_s, or see in stderr_tail what it was waiting for");
  }
  Finished result;
  result.exit_code = status_.code;
  result.signal = status_.signal ? signal_name(status_.signal) : "";
  result.out = out_.capture.output();
  result.err = err_.capture.output();
  result.seconds = seconds();
  return result;
}

}  // namespace core
