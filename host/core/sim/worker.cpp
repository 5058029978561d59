#include "core/sim/worker.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <fcntl.h>

#include "core/net/monotonic.hpp"
#include "core/net/quiet_thread.hpp"

namespace core::sim {

namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;
constexpr int kAcceptsPerRound = 64;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kSweepEvery = 5 * kSecond;
constexpr std::int64_t kAcceptPause = kSecond / 20;  // when there are no descriptors left
constexpr std::int64_t kComplainEvery = 60 * kSecond;
constexpr std::int64_t kFlushLimit = kSecond / 2;  // for the last bytes of answers when the server stops

net::Fd spare_descriptor() { return net::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

std::string joined(const Models& models, const std::vector<std::int64_t>& loras) {
  std::string names;
  for (const auto lora : loras) {
    const auto name = models.adapter_name(lora);
    if (!name.empty()) names += (names.empty() ? "" : ",") + name;
  }
  return names;
}

}  // namespace

Worker::Worker(Shared& shared, std::int64_t index, net::Fd listener)
    : shared_(shared),
      index_(index),
      listener_(std::move(listener)),
      buffer_(kBufferBytes),
      metrics_(shared.options.max_model_len),
      failures_(mix_seed(shared.seed, 0xFA11 + static_cast<std::uint64_t>(index))),
      generator_(*this, metrics_) {
  if (!listener_) return;
  spare_ = spare_descriptor();
  poller_.add(listener_.get(), net::kRead, &listener_);
}

Worker::~Worker() { stop(); }

void Worker::start() {
  thread_ = net::quiet_thread([this] { run(); });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  poller_.wake();
  thread_.join();
}

void Worker::adopt(net::Fd fd) {
  {
    const std::lock_guard lock(mail_mutex_);
    mail_sockets_.push_back(std::move(fd));
  }
  open_.fetch_add(1, std::memory_order_relaxed);
  poller_.wake();
}

void Worker::deliver(const Admission::Admitted& admitted) {
  if (admitted.home == index_) {
    admitted_.push_back(admitted.number);
    return;
  }
  Worker& home = *shared_.workers[static_cast<std::size_t>(admitted.home)];
  {
    const std::lock_guard lock(home.mail_mutex_);
    home.mail_admitted_.push_back(admitted.number);
  }
  home.poller_.wake();
}

std::int64_t Worker::next_wake_ns() const {
  if (!resumable_.empty() || !admitted_.empty()) return 0;
  auto wake = std::min(generator_.next_due_ns(), next_sweep_ns_);
  if (accept_again_ns_ > 0) wake = std::min(wake, accept_again_ns_);
  return wake;
}

void Worker::run() {
  net::sharpen_timers();
  next_sweep_ns_ = net::now_ns() + kSweepEvery;
  while (!stopping_) {
    serve(poller_.wait(next_wake_ns()));
    take_mail();
    resume_clients();
    run_admitted();
    generator_.run_due();
    sweep();
    remove_buried();
  }
  close_all();
}

void Worker::serve(std::span<net::Ready> ready) {
  for (auto& one : ready) {
    if (one.owner == &listener_) {
      accept_some();
    } else if (one.owner) {
      auto& client = *static_cast<Client*>(one.owner);
      client.on_ready(one.what);
      if (!client.dead()) watch(client);
    }
  }
}

void Worker::accept_some() {
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    auto fd = net::accept_tcp(listener_);
    if (!fd) {
      if (errno == EMFILE || errno == ENFILE) turn_away();
      return;
    }
    // The emptiest worker takes it; equal ones take turns.
    const auto count = shared_.workers.size();
    Worker* best = shared_.workers[next_worker_ % count].get();
    for (std::size_t k = 1; k < count; ++k) {
      Worker* other = shared_.workers[(next_worker_ + k) % count].get();
      if (other->open_connections() < best->open_connections()) best = other;
    }
    ++next_worker_;
    if (best == this) {
      open_.fetch_add(1, std::memory_order_relaxed);
      add_client(std::move(fd));
    } else {
      best->adopt(std::move(fd));
    }
  }
}

// No descriptor is left: with the spare one, tell those who wait so instead of letting them hang.
void Worker::turn_away() {
  const auto body =
      error_body({503, "no file descriptors left; raise the limit of open files (ulimit -n)", ""});
  const auto answer =
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: "
      "application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  spare_.reset();
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    auto fd = net::accept_tcp(listener_);
    if (!fd) break;
    if (!shared_.tls) net::Connection(std::move(fd)).send(answer);
  }
  spare_ = spare_descriptor();
  const auto now = net::now_ns();
  if (now >= next_complaint_ns_)
    shared_.log("no file descriptors left for more connections; raise ulimit -n");
  next_complaint_ns_ = now + kComplainEvery;
  pause_accepting();
}

void Worker::pause_accepting() {
  poller_.change(listener_.get(), 0, &listener_);
  accept_again_ns_ = net::now_ns() + kAcceptPause;
}

void Worker::add_client(net::Fd fd) {
  auto client = std::make_unique<Client>(*this, std::move(fd));
  client->watched = client->wants();
  if (!poller_.add(client->fd(), client->watched, client.get())) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  auto* key = client.get();
  clients_.emplace(key, std::move(client));
}

void Worker::take_mail() {
  std::vector<net::Fd> sockets;
  {
    const std::lock_guard lock(mail_mutex_);
    sockets.swap(mail_sockets_);
    admitted_.insert(admitted_.end(), mail_admitted_.begin(), mail_admitted_.end());
    mail_admitted_.clear();
  }
  for (auto& fd : sockets) add_client(std::move(fd));
}

void Worker::run_admitted() {
  std::vector<std::uint64_t> numbers;
  numbers.swap(admitted_);
  for (const auto number : numbers) generator_.admitted(number);
}

void Worker::resume_clients() {
  std::vector<Client*> clients;
  clients.swap(resumable_);
  for (auto* client : clients) {
    if (client->dead()) continue;
    client->resume();
    if (!client->dead()) watch(*client);
  }
}

void Worker::watch(Client& client) {
  const unsigned wanted = client.wants();
  if (wanted == client.watched) return;
  client.watched = wanted;
  poller_.change(client.fd(), wanted, &client);
}

void Worker::bury(Client& client) {
  poller_.remove(client.fd(), &client);
  buried_.push_back(&client);
  open_.fetch_sub(1, std::memory_order_relaxed);
}

void Worker::remove_buried() {
  if (buried_.empty()) return;
  std::erase_if(resumable_, [](const Client* client) { return client->dead(); });
  for (auto* client : buried_) clients_.erase(client);
  buried_.clear();
}

void Worker::sweep() {
  const auto now = net::now_ns();
  if (accept_again_ns_ > 0 && now >= accept_again_ns_) {
    accept_again_ns_ = 0;
    poller_.change(listener_.get(), net::kRead, &listener_);
  }
  if (now < next_sweep_ns_) return;
  next_sweep_ns_ = now + kSweepEvery;
  for (auto& [key, client] : clients_) {
    if (!client->dead() && client->expired(now)) client->lose();
  }
}

void Worker::close_all() {
  if (listener_) poller_.remove(listener_.get(), &listener_);
  listener_.reset();
  take_mail();
  for (auto& [key, client] : clients_) {
    if (!client->dead() && client->exchange()) generator_.stop(*client->exchange());
  }
  remove_buried();
  const auto limit = net::now_ns() + kFlushLimit;
  const auto unsent = [](const auto& entry) { return (entry.second->wants() & net::kWrite) != 0; };
  while (net::now_ns() < limit && std::any_of(clients_.begin(), clients_.end(), unsent)) {
    for (auto& one : poller_.wait(limit)) {
      if (one.owner) static_cast<Client*>(one.owner)->on_ready(one.what & net::kWrite);
    }
    remove_buried();
  }
  for (auto& [key, client] : clients_) client->lose();
  remove_buried();
}

void Worker::count_reply(int status) {
  metrics_.http_requests.add();
  if (status >= 400) metrics_.http_errors.add();
}

bool Worker::draw_failure() {
  const double rate = shared_.options.failure_injection_rate;
  return rate > 0 && failures_.uniform() * 100 < rate;
}

std::string Worker::metrics_page() const {
  Gauges gauges;
  gauges.running = shared_.admission.running();
  gauges.waiting = shared_.admission.waiting();
  if (shared_.cache) {
    gauges.cache_usage = shared_.cache->usage();
    gauges.cache_blocks = shared_.options.kv_cache_size;
    gauges.cache_block_tokens = shared_.options.block_size;
  }
  gauges.has_loras = shared_.models.has_adapters();
  gauges.max_loras = shared_.options.max_loras;
  gauges.running_loras = joined(shared_.models, shared_.admission.running_loras());
  gauges.waiting_loras = joined(shared_.models, shared_.admission.waiting_loras());
  gauges.lora_time_s =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::vector<const Metrics*> all;
  for (const auto& worker : shared_.workers) all.push_back(&worker->metrics());
  return render_metrics(shared_.models.base_name(), gauges, all);
}

}  // namespace core::sim
