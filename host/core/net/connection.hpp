// One non-blocking byte stream, plain or TLS, with the same calls for both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "core/net/socket.hpp"
#include "core/net/tls.hpp"

struct ssl_st;

namespace core::net {

/// How a call on a Connection went.
enum class Io {
  kOk,       // done
  kBlocked,  // come back when the poller reports what `wants()` names
  kClosed,   // the other side has ended the stream in order
  kFailed,   // broken; `problem()` says why
};

/// Life: construct, `start_tls` if wanted, `handshake` until it is kOk, then `read`, `send`, `flush`.
/// It never blocks, never raises SIGPIPE, and is used by one thread at a time.
class Connection {
 public:
  Connection() = default;
  /// Takes a socket of `accept_tcp` or `connect_tcp`.
  explicit Connection(Fd fd) : fd_(std::move(fd)) {}
  Connection(Connection&&) noexcept = default;
  Connection& operator=(Connection&&) noexcept = default;
  ~Connection() = default;

  /// Speaks TLS from here on; `handshake` again. As a client, `host` is the name to verify and to send as
  /// SNI.
  void start_tls_client(const std::shared_ptr<TlsContext>& context, const std::string& host);
  void start_tls_server(const std::shared_ptr<TlsContext>& context);

  /// Finishes connect and TLS handshake; returns at once if there is nothing (more) to do.
  Io handshake();

  /// Reads up to `capacity` bytes. kOk with `got == capacity` means there may be more: call again before
  /// the next wait, since TLS may hold bytes that the kernel no longer shows.
  Io read(char* buffer, std::size_t capacity, std::size_t& got);

  /// Asks the kernel to note when bytes arrive (SO_TIMESTAMPNS). False where it does not; TLS has none.
  bool stamp_arrivals();
  /// When the newest bytes of the last `read` with kOk reached this machine, in nanoseconds of
  /// CLOCK_MONOTONIC: earlier than now by what this thread took to wake up and get round to them, never
  /// earlier than what came before on this connection. Without stamps: when `read` had them.
  std::int64_t arrived_ns() const { return arrived_ns_; }

  /// Sends the parts in order with one system call where possible. What the kernel does not take is kept
  /// (kBlocked) and goes out with `flush`; while something is kept, new parts queue behind it.
  Io send(std::span<const std::string_view> parts);
  Io send(std::string_view part) { return send(std::span(&part, 1)); }
  /// Continues a blocked send; kOk when everything is out.
  Io flush();
  std::size_t pending_bytes() const { return pending_.size() - pending_start_; }

  /// What to wait for: kRead always, kWrite while connecting or while something is kept.
  unsigned wants() const;

  /// Why a call returned kFailed, e.g. `connection refused`.
  const std::string& problem() const { return problem_; }
  int fd() const { return fd_.get(); }
  bool is_open() const { return static_cast<bool>(fd_); }
  /// True once TCP is connected, whatever TLS is doing.
  bool is_connected() const { return connected_; }
  bool is_tls() const { return tls_ != nullptr; }
  /// Tells the other side that nothing more will be sent; reading goes on.
  void shut_down_sending();
  /// Says goodbye (TLS) and closes the socket.
  void close();

 private:
  struct FreeTls {
    void operator()(ssl_st* tls) const;
  };

  void start_tls(const std::shared_ptr<TlsContext>& context);
  Io finish_connect();
  Io send_plain(std::span<const std::string_view> parts);
  ssize_t receive_stamped(char* buffer, std::size_t capacity);
  Io write_some(std::string_view data, std::size_t& sent);
  Io read_tls(char* buffer, std::size_t capacity, std::size_t& got);
  Io tls_outcome(int result);
  Io fail(std::string why);
  Io fail_errno();
  void keep(std::string_view rest);

  Fd fd_;
  std::unique_ptr<ssl_st, FreeTls> tls_;
  bool connected_ = false, ready_ = false;
  bool tls_wants_write_ = false;
  bool stamped_ = false;
  std::int64_t arrived_ns_ = 0;
  std::string pending_;  // bytes the kernel has not taken, from pending_start_ on
  std::size_t pending_start_ = 0;
  std::string problem_;
};

}  // namespace core::net
