// Makes answers: decides them, waits for their turn, and sends each token at its time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/sim/answer.hpp"
#include "core/sim/client.hpp"
#include "core/sim/render.hpp"
#include "core/sim/request.hpp"
#include "core/sim/shared.hpp"
#include "core/sim/timers.hpp"

namespace core::sim {

struct Exchange;

/// One choice of a response on its way through the simulated engine. As a timer it is due when its next token
/// is.
struct Sequence : Timer {
  explicit Sequence(std::uint64_t seed) : random(seed) {}

  Exchange* exchange = nullptr;
  std::int64_t index = 0;
  Ticket ticket;
  std::vector<Token> prompt;  // only kept while the prefix cache needs it
  std::int64_t prompt_tokens = 0;
  Answer answer;
  Random random;
  PrefixCache::Lease lease;
  std::string frame;         // the bytes of a token, when they are the same for all tokens
  std::int64_t made = 0;     // tokens so far
  std::int64_t next_ns = 0;  // when the next one is due
  std::int64_t admitted_ns = 0, first_ns = 0, last_ns = 0;
  bool released = false, recorded = false;
  std::vector<std::int64_t> intended_ns, sent_ns;  // only kept for the truth log

  bool complete() const { return made == answer.tokens; }
};

/// A generation request and its answer.
struct Exchange {
  Exchange(Client& its_client, GenerationRequest its_request, Renderer its_renderer)
      : client(its_client), request(std::move(its_request)), renderer(std::move(its_renderer)) {}

  Client& client;
  GenerationRequest request;
  Renderer renderer;
  std::string request_id;  // the client's own
  std::int64_t arrival_ns = 0;
  std::vector<std::unique_ptr<Sequence>> sequences;
  std::size_t unfinished = 0;
  bool streamed = false;  // its head has gone out
};

/// The part of one worker that generates. Every deadline is absolute: a token is due one gap after the
/// previous one was due, not after it was sent, so delays never add up.
class Generator {
 public:
  Generator(Worker& worker, Metrics& metrics);

  /// Takes a request over from `client`, which gets its answer later. Throws ApiError if it is refused.
  void start(Client& client, GenerationRequest request, const std::string& request_id,
             std::int64_t arrival_ns);
  /// A sequence that had to wait may run now. Ignored if it is gone.
  void admitted(std::uint64_t ticket_number);
  /// Sends what is due; returns after a bounded amount of work.
  void run_due();
  std::int64_t next_due_ns() const { return timers_.next_due_ns(); }

  /// The client is gone.
  void cancel(Exchange& exchange) { abort(exchange, "cancelled"); }
  /// The server stops: the client is told and its answer ends.
  void stop(Exchange& exchange);

 private:
  std::unique_ptr<Exchange> make_exchange(Client& client, GenerationRequest request,
                                          const std::string& request_id);
  void begin(Sequence& sequence, std::int64_t now);
  void tick(Sequence& sequence);
  void make_token(Sequence& sequence, std::int64_t now);
  void complete(Exchange& exchange, std::int64_t now);
  void open_stream(Exchange& exchange);
  void write_token(Sequence& sequence);
  void write_end(Sequence& sequence);
  void append_event(const Exchange& exchange, std::string_view event);
  std::string whole_response(const Exchange& exchange) const;
  Usage usage_of(const Exchange& exchange) const;
  std::string transfer_params(const Exchange& exchange) const;
  void release(Sequence& sequence);
  void count_finished(const Sequence& sequence);
  void record(Sequence& sequence, const char* outcome);
  void abort(Exchange& exchange, const char* outcome);

  Worker& worker_;
  Shared& shared_;
  Metrics& metrics_;
  TimerHeap timers_;
  std::unordered_map<std::uint64_t, Sequence*> waiting_;  // by ticket number
  std::string out_, event_;                               // reused
};

}  // namespace core::sim
