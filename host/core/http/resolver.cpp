#include "core/http/resolver.hpp"

#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include <arpa/inet.h>

namespace core {

/// Outlives the resolver in the threads, so that a late answer finds nobody instead of a dead loop.
struct Resolver::Mailbox {
  std::mutex mutex;
  Loop* loop = nullptr;

  void post(std::function<void()> work) {
    const std::lock_guard lock(mutex);
    if (loop) loop->post(std::move(work));
  }
};

/// Callbacks by number. Lives and dies on the loop's thread; the others hold it weakly only, because what a
/// callback owns must not end on them.
struct Resolver::Waiting {
  std::uint64_t next = 1;
  std::map<std::uint64_t, Callback<std::vector<net::Address>>> callbacks;

  void answer(std::uint64_t number, const Result<std::vector<net::Address>>& found) {
    auto node = callbacks.extract(number);
    if (node) node.mapped()(found);
  }
};

namespace {

bool is_literal(const std::string& host) {
  unsigned char buffer[16];
  return inet_pton(AF_INET, host.c_str(), buffer) == 1 || inet_pton(AF_INET6, host.c_str(), buffer) == 1;
}

}  // namespace

Resolver::Resolver(Loop& loop)
    : mailbox_(std::make_shared<Mailbox>()), waiting_(std::make_shared<Waiting>()) {
  mailbox_->loop = &loop;
}

Resolver::~Resolver() { close(); }

void Resolver::close() {
  const auto dropped = std::exchange(waiting_->callbacks, {});  // they may hold what holds this resolver
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->loop = nullptr;
}

void Resolver::resolve(const std::string& host, std::uint16_t port,
                       Callback<std::vector<net::Address>> done) {
  const auto number = waiting_->next++;
  waiting_->callbacks.emplace(number, std::move(done));
  auto lookup = [mailbox = mailbox_, weak = std::weak_ptr(waiting_), number, host, port] {
    auto found = net::resolve(host, port);
    mailbox->post([weak, number, found = std::move(found)] {
      if (auto waiting = weak.lock()) waiting->answer(number, found);
    });
  };
  if (is_literal(host)) return lookup();
  std::thread(std::move(lookup)).detach();
}

}  // namespace core
