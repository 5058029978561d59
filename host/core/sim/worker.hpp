// One thread of the server: its sockets, its timers, its share of the sequences.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/net/poller.hpp"
#include "core/net/socket.hpp"
#include "core/sim/client.hpp"
#include "core/sim/generator.hpp"
#include "core/sim/metrics.hpp"
#include "core/sim/shared.hpp"

namespace core::sim {

class Worker {
 public:
  /// `listener`: the first worker accepts connections and hands them on; empty for the others.
  Worker(Shared& shared, std::int64_t index, net::Fd listener);
  ~Worker();

  void start();
  /// Ends the thread: answers in progress are ended, connections closed. Waits for it.
  void stop();
  /// From any thread: takes over a connection.
  void adopt(net::Fd fd);

  // On the worker's own thread.

  Shared& shared() { return shared_; }
  Generator& generator() { return generator_; }
  std::int64_t index() const { return index_; }
  /// Scratch space for reading from sockets.
  std::span<char> buffer() { return buffer_; }
  /// Tells an admitted sequence, wherever it lives.
  void deliver(const Admission::Admitted& admitted);
  /// Makes the poller wait for what the client wants now.
  void watch(Client& client);
  /// Lets the client go on once the current work is done.
  void resume_later(Client& client) { resumable_.push_back(&client); }
  /// Removes a client once the current work is done.
  void bury(Client& client);
  void count_reply(int status);
  /// True for the share failure-injection-rate of calls.
  bool draw_failure();
  Random& failures() { return failures_; }
  std::string metrics_page() const;

  // Readable from any thread.

  const Metrics& metrics() const { return metrics_; }
  std::int64_t open_connections() const { return open_.load(std::memory_order_relaxed); }

 private:
  void run();
  void serve(std::span<net::Ready> ready);
  void accept_some();
  void turn_away();
  void pause_accepting();
  void add_client(net::Fd fd);
  void take_mail();
  void run_admitted();
  void resume_clients();
  void remove_buried();
  void sweep();
  std::int64_t next_wake_ns() const;
  void close_all();

  Shared& shared_;
  const std::int64_t index_;
  net::Poller poller_;
  net::Fd listener_, spare_;  // the spare descriptor lets us say no when there is no other left
  std::vector<char> buffer_;
  Metrics metrics_;
  Random failures_;
  Generator generator_;
  std::unordered_map<Client*, std::unique_ptr<Client>> clients_;
  std::vector<Client*> resumable_, buried_;
  std::vector<std::uint64_t> admitted_;
  std::int64_t next_sweep_ns_ = 0, accept_again_ns_ = 0, next_complaint_ns_ = 0;
  std::size_t next_worker_ = 0;
  std::atomic<std::int64_t> open_{0};

  std::mutex mail_mutex_;
  std::vector<net::Fd> mail_sockets_;
  std::vector<std::uint64_t> mail_admitted_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace core::sim
