#include "core/net/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core/net/monotonic.hpp"
#include "core/net/poller.hpp"

namespace core::net {

namespace {

constexpr std::size_t kMaxParts = 64;  // parts per system call
constexpr std::int64_t kOneMoment_ns = 10'000;
constexpr std::int64_t kOldestStamp_ns = 60'000'000'000;  // an older one means that the time of day was set

std::int64_t to_ns(const timespec& t) { return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec; }

/// One moment on both clocks.
struct Moment {
  std::int64_t monotonic_ns, wall_ns;
};

// The wall clock is read between two looks at the other one, again if the thread was interrupted there.
Moment read_clocks() {
  for (int attempt = 1;; ++attempt) {
    const std::int64_t before = now_ns();
    timespec wall{};
    clock_gettime(CLOCK_REALTIME, &wall);
    const std::int64_t after = now_ns();
    if (after - before < kOneMoment_ns || attempt == 3) return {before + (after - before) / 2, to_ns(wall)};
  }
}

// OpenSSL's own socket BIO uses write(), which raises SIGPIPE; ours uses send() without it.
int bio_write(BIO* bio, const char* data, int length) {
  BIO_clear_retry_flags(bio);
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  const auto sent = ::send(fd, data, static_cast<std::size_t>(length), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* data, int length) {
  BIO_clear_retry_flags(bio);
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  const auto got = ::recv(fd, data, static_cast<std::size_t>(length), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long bio_ctrl(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
  return 0;
}

BIO_METHOD* quiet_socket_method() {
  static BIO_METHOD* const method = [] {
    auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "quiet socket");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_ctrl);
    return made;
  }();
  return method;
}

bool is_address(const std::string& host) {
  unsigned char buffer[16];
  return inet_pton(AF_INET, host.c_str(), buffer) == 1 || inet_pton(AF_INET6, host.c_str(), buffer) == 1;
}

std::string lower_first(const char* text) {
  std::string result = text;
  if (!result.empty()) result[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(result[0])));
  return result;
}

}  // namespace

void Connection::FreeTls::operator()(ssl_st* tls) const { SSL_free(tls); }

void Connection::start_tls(const std::shared_ptr<TlsContext>& context) {
  ready_ = false;                       // it may have spoken plainly so far, to a proxy
  tls_.reset(SSL_new(context->raw()));  // keeps the context alive by its own reference count
  auto* bio = BIO_new(quiet_socket_method());
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd_.get())));
  BIO_set_init(bio, 1);
  SSL_set_bio(tls_.get(), bio, bio);
}

void Connection::start_tls_client(const std::shared_ptr<TlsContext>& context, const std::string& host) {
  start_tls(context);
  SSL_set_connect_state(tls_.get());
  std::string name = host;
  if (name.size() > 2 && name.front() == '[') name = name.substr(1, name.size() - 2);
  const bool literal = is_address(name);
  if (!literal) SSL_set_tlsext_host_name(tls_.get(), name.c_str());
  if (!context->verifies()) return;
  if (literal) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), name.c_str());
  } else {
    SSL_set1_host(tls_.get(), name.c_str());
  }
}

void Connection::start_tls_server(const std::shared_ptr<TlsContext>& context) {
  start_tls(context);
  SSL_set_accept_state(tls_.get());
}

Io Connection::finish_connect() {
  int reason = 0;
  socklen_t length = sizeof reason;
  getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &reason, &length);
  if (reason != 0) return fail(lower_first(std::strerror(reason)));
  sockaddr_storage peer{};
  length = sizeof peer;
  if (getpeername(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &length) != 0) return Io::kBlocked;
  connected_ = true;
  return Io::kOk;
}

Io Connection::handshake() {
  if (ready_) return Io::kOk;
  if (!connected_) {
    if (const Io io = finish_connect(); io != Io::kOk) return io;
  }
  if (tls_) {
    ERR_clear_error();
    const int result = SSL_do_handshake(tls_.get());
    if (result != 1) {
      const Io io = tls_outcome(result);
      return io == Io::kClosed ? fail("the connection was closed during the TLS handshake") : io;
    }
    tls_wants_write_ = false;
  }
  ready_ = true;
  return Io::kOk;
}

Io Connection::read(char* buffer, std::size_t capacity, std::size_t& got) {
  got = 0;
  if (tls_) {
    const Io io = read_tls(buffer, capacity, got);
    arrived_ns_ = now_ns();
    return io;
  }
  const auto n = stamped_ ? receive_stamped(buffer, capacity) : ::recv(fd_.get(), buffer, capacity, 0);
  if (n == 0) return Io::kClosed;
  if (n < 0) return fail_errno();
  if (!stamped_) arrived_ns_ = now_ns();
  got = static_cast<std::size_t>(n);
  return Io::kOk;
}

bool Connection::stamp_arrivals() {
  const int on = 1;
  stamped_ = !tls_ && setsockopt(fd_.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0;
  return stamped_;
}

// The kernel stamps with the time of day; its age is what carries over to the clock that never jumps.
ssize_t Connection::receive_stamped(char* buffer, std::size_t capacity) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(timespec))];
  iovec part{buffer, capacity};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const auto n = ::recvmsg(fd_.get(), &message, 0);
  if (n <= 0) return n;
  const std::int64_t earlier_ns = arrived_ns_;
  const Moment now = read_clocks();
  arrived_ns_ = now.monotonic_ns;
  const cmsghdr* note = CMSG_FIRSTHDR(&message);
  if (!note || note->cmsg_level != SOL_SOCKET || note->cmsg_type != SCM_TIMESTAMPNS) return n;
  timespec stamp{};
  std::memcpy(&stamp, CMSG_DATA(note), sizeof stamp);
  const std::int64_t age_ns = now.wall_ns - to_ns(stamp);
  if (age_ns > 0 && age_ns < kOldestStamp_ns) arrived_ns_ = std::max(earlier_ns, arrived_ns_ - age_ns);
  return n;
}

// Fills the buffer from as many TLS records as there are, so that `got < capacity` means "drained".
Io Connection::read_tls(char* buffer, std::size_t capacity, std::size_t& got) {
  while (got < capacity) {
    ERR_clear_error();
    std::size_t n = 0;
    const int result = SSL_read_ex(tls_.get(), buffer + got, capacity - got, &n);
    if (result == 1) {
      got += n;
      continue;
    }
    const Io io = tls_outcome(result);
    return got > 0 ? Io::kOk : io;
  }
  return Io::kOk;
}

Io Connection::tls_outcome(int result) {
  const int system_reason = errno;
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      tls_wants_write_ = false;
      return Io::kBlocked;
    case SSL_ERROR_WANT_WRITE:
      tls_wants_write_ = true;
      return Io::kBlocked;
    case SSL_ERROR_ZERO_RETURN:
      return Io::kClosed;
    case SSL_ERROR_SYSCALL:
      return system_reason == 0 ? Io::kClosed : fail(lower_first(std::strerror(system_reason)));
    default:
      break;
  }
  const long verdict = SSL_get_verify_result(tls_.get());
  if (verdict != X509_V_OK) {
    return fail(std::string("certificate not accepted: ") + X509_verify_cert_error_string(verdict));
  }
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return fail(std::string("TLS: ") + (reason ? reason : "protocol error"));
}

void Connection::keep(std::string_view rest) {
  if (pending_start_ > pending_.size() / 2) {  // drop what has gone out; amortised, each byte moves once
    pending_.erase(0, pending_start_);
    pending_start_ = 0;
  }
  pending_.append(rest);
}

Io Connection::send(std::span<const std::string_view> parts) {
  if (pending_bytes() == 0 && !tls_) return send_plain(parts);
  const bool was_blocked = pending_bytes() > 0;
  for (const auto part : parts) keep(part);
  return was_blocked ? Io::kBlocked : flush();
}

Io Connection::send_plain(std::span<const std::string_view> parts) {
  iovec vectors[kMaxParts];
  while (!parts.empty()) {
    const auto count = std::min(parts.size(), kMaxParts);
    std::size_t total = 0;
    for (std::size_t i = 0; i < count; ++i) {
      vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
      total += parts[i].size();
    }
    msghdr message{};
    message.msg_iov = vectors;
    message.msg_iovlen = count;
    auto sent = sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return fail_errno();
    if (sent < 0) sent = 0;
    if (static_cast<std::size_t>(sent) == total) {
      parts = parts.subspan(count);
      continue;
    }
    auto skip = static_cast<std::size_t>(sent);
    for (const auto part : parts) {
      const auto from = std::min(skip, part.size());
      keep(part.substr(from));
      skip -= from;
    }
    return Io::kBlocked;
  }
  return Io::kOk;
}

Io Connection::write_some(std::string_view data, std::size_t& sent) {
  if (tls_) {
    ERR_clear_error();
    const int result = SSL_write_ex(tls_.get(), data.data(), data.size(), &sent);
    if (result != 1) return tls_outcome(result);
    tls_wants_write_ = false;
    return Io::kOk;
  }
  const auto n = ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
  if (n < 0) return fail_errno();
  sent = static_cast<std::size_t>(n);
  return Io::kOk;
}

Io Connection::flush() {
  while (pending_bytes() > 0) {
    std::size_t sent = 0;
    const Io io = write_some(std::string_view(pending_).substr(pending_start_), sent);
    if (io != Io::kOk) return io;
    pending_start_ += sent;
  }
  pending_.clear();
  pending_start_ = 0;
  return Io::kOk;
}

unsigned Connection::wants() const {
  if (!connected_) return kRead | kWrite;
  const bool write = tls_wants_write_ || (ready_ && pending_bytes() > 0);
  return write ? kRead | kWrite : kRead;
}

Io Connection::fail(std::string why) {
  problem_ = std::move(why);
  return Io::kFailed;
}

Io Connection::fail_errno() {
  if (errno == EAGAIN || errno == EINTR) return Io::kBlocked;
  return fail(lower_first(std::strerror(errno)));
}

void Connection::shut_down_sending() {
  if (tls_ && ready_ && problem_.empty()) SSL_shutdown(tls_.get());
  if (fd_) shutdown(fd_.get(), SHUT_WR);
}

void Connection::close() {
  if (tls_ && ready_ && problem_.empty()) SSL_shutdown(tls_.get());
  tls_.reset();
  fd_.reset();
  pending_.clear();
  pending_start_ = 0;
}

}  // namespace core::net
