// One thread of the load: its connections, its share of the plan, its records.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <queue>
#include <string>
#include <vector>

#include "core/load/health.hpp"
#include "core/load/progress.hpp"
#include "core/load/response.hpp"
#include "core/load/stage_shared.hpp"
#include "core/net/connection.hpp"
#include "core/net/poller.hpp"
#include "core/stats/histogram.hpp"

namespace core::load {

/// What some failures looked like.
struct FailureSample {
  Failure failure;
  std::uint32_t status;
  std::string detail;
};

/// How one worker fared, filled when it ends.
struct WorkerReport {
  ThreadUsage usage;                   // between start and end
  std::int64_t wall_ns = 0;            // the same stretch
  double in_flight_ns = 0;             // integral of the requests in flight over time
  stats::Histogram loop_lag{5};        // ns from a wake-up to the next wait: how late an event may be seen
  bool drops_connections = false;      // the server promises to keep connections and does not
  std::uint64_t connections = 0;       // opened
  std::uint64_t starved = 0;           // requests that were due before they were rendered
  std::vector<FailureSample> samples;  // up to 3 per failure and status
};

/// Runs in its own thread. Request i of an open-loop plan belongs to worker i mod threads; in a closed loop
/// each worker has its share of the users and all take the next number.
class Worker {
 public:
  Worker(StageShared& shared, unsigned number);

  /// The thread's body: opens warm connections, waits at the start line, works until all is done or `stop` is
  /// set.
  void run();
  /// Makes the loop look at `stop` and at granted slots. Any thread.
  void wake() { poller_.wake(); }
  /// A slot of the gate now belongs to this worker. Any thread.
  void grant() {
    granted_.fetch_add(1, std::memory_order_release);
    poller_.wake();
  }

  const LiveCounters& live() const { return live_; }
  /// After the end of the thread.
  const RecordStore& records() const { return records_; }
  const WorkerReport& report() const { return report_; }

 private:
  enum class Link { kClosed, kConnecting, kBusy, kIdle };

  /// A connection and the request on it.
  struct Channel {
    net::Connection connection;
    ResponseReader reader;
    Record record;
    ReadyRequest request;
    Link link = Link::kClosed;
    bool has_request = false;
    bool reused = false;  // the request went out on a kept-alive connection
    unsigned watched = 0;
    std::size_t tries = 0;                       // addresses tried for this connection
    Channel *older = nullptr, *newer = nullptr;  // requests in flight by start, for timeouts
  };
  /// A request that is due and waits for a slot or for its bytes.
  struct Pending {
    std::uint64_t index;
    std::int64_t planned_ns;  // absolute, like all times of the worker
    std::int64_t cap_wait_ns;
  };

  // worker.cpp: the loop and the plan.
  void loop();
  bool finished() const;
  bool used_up() const;
  std::int64_t next_due() const;
  std::int64_t next_deadline() const;
  void send_due();
  void send_for_user(std::int64_t due);
  bool is_warmup(std::uint64_t index, std::int64_t planned_ns) const;
  void begin_planned();
  void begin_users();
  void admit(std::uint64_t index, std::int64_t planned_ns);
  void use_granted();
  void use_starved();
  void start(const Pending& pending);
  void expire();
  void close_stage();
  void record_not_sent(std::uint64_t index, std::int64_t planned_ns, std::int64_t cap_wait_ns);
  void set_hard_end();

  // worker_channel.cpp: connections and what happens on them.
  void open_warm_connections();
  void serve(const net::Ready& ready);
  Channel* idle_channel();
  Channel& new_channel();
  void open(Channel& channel);
  void on_connecting(Channel& channel);
  void connect_failed(Channel& channel, std::string why, bool in_tls);
  void become_ready(Channel& channel);
  void transmit(Channel& channel);
  void on_busy(Channel& channel, unsigned what);
  void on_idle(Channel& channel);
  void read_answer(Channel& channel);
  void lost(Channel& channel, bool orderly);
  void watch(Channel& channel);
  void drop(Channel& channel);

  // worker_finish.cpp: the end of a request.
  void fail(Channel& channel, Failure failure, const std::string& detail, std::uint32_t flags = 0);
  void finish(Channel& channel);
  void release(Channel& channel);
  void leave_gate();
  void keep_sample(const Record& record, const std::string& detail);
  void count_in_flight(int change, std::int64_t at_ns);
  void append_in_flight(Channel& channel);
  void remove_in_flight(Channel& channel);

  StageShared& shared_;
  const StageSetup& setup_;
  const unsigned number_;
  net::Poller poller_;
  std::vector<char> buffer_;
  TokenBlockPool pool_;
  std::deque<Channel> channels_;
  std::vector<Channel*> idle_, unused_;
  Channel *oldest_ = nullptr, *newest_ = nullptr;
  std::size_t good_address_ = 0;
  int stale_in_a_row_ = 0;  // kept-alive connections that were found dead, with no live one between

  std::int64_t now_ = 0, epoch_ = 0, hard_end_ = net::kNever;
  std::size_t next_planned_ = 0;                                                            // open loop
  std::priority_queue<std::int64_t, std::vector<std::int64_t>, std::greater<>> users_due_;  // closed loop
  std::deque<Pending> waiting_;                                                             // for a slot
  std::deque<Pending> starved_;                                                             // for their bytes
  std::atomic<std::uint32_t> granted_{0};
  std::uint64_t in_flight_ = 0;
  std::int64_t in_flight_since_ = 0;
  bool closing_ = false;

  RecordStore records_;
  LiveCounters live_;
  WorkerReport report_;
  std::map<std::pair<Failure, std::uint32_t>, int> sampled_;
};

}  // namespace core::load
