#include "core/http/channel.hpp"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "core/net/poller.hpp"

namespace core {

namespace asio = boost::asio;

struct Channel::Watch {
  asio::posix::stream_descriptor descriptor;
};

Channel::Channel(Loop& loop, net::Fd fd) : connection_(std::move(fd)) {
  watch_ = std::make_shared<Watch>(Watch{asio::posix::stream_descriptor(loop.context(), connection_.fd())});
}

Channel::~Channel() { close(); }

void Channel::wait(std::function<void()> ready) {
  using Descriptor = asio::posix::stream_descriptor;
  const bool write = (connection_.wants() & net::kWrite) != 0;
  watch_->descriptor.async_wait(write ? Descriptor::wait_write : Descriptor::wait_read,
                                [ready = std::move(ready)](const boost::system::error_code&) { ready(); });
}

void Channel::cancel_wait() {
  boost::system::error_code ignored;
  watch_->descriptor.cancel(ignored);
}

void Channel::close() {
  if (!connection_.is_open()) return;
  watch_->descriptor.release();  // the connection closes the socket itself
  connection_.close();
}

bool Channel::is_quiet() {
  char byte = 0;
  std::size_t got = 0;
  return connection_.is_open() && connection_.read(&byte, 1, got) == net::Io::kBlocked;
}

}  // namespace core
