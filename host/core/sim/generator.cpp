#include "core/sim/generator.hpp"

#include <algorithm>
#include <ctime>

#include "core/net/monotonic.hpp"
#include "core/sim/worker.hpp"

namespace core::sim {

namespace {

constexpr int kTicksPerRound = 64;  // writes between two looks at the sockets

std::uint64_t salt_of(const Exchange& exchange) {
  return static_cast<std::uint64_t>(exchange.request.model.lora + 1);
}

const char* finish_name(Finish finish) { return kFinishNames[static_cast<std::size_t>(finish)]; }

}  // namespace

Generator::Generator(Worker& worker, Metrics& metrics)
    : worker_(worker), shared_(worker.shared()), metrics_(metrics) {}

std::unique_ptr<Exchange> Generator::make_exchange(Client& client, GenerationRequest request,
                                                   const std::string& request_id) {
  const auto number = shared_.next_sequence.fetch_add(request.prompts.size(), std::memory_order_relaxed);
  auto id = std::string(request.chat ? "chatcmpl-" : "cmpl-") +
            (request_id.empty() ? shared_.run_id + '-' + std::to_string(number) : request_id);
  Renderer renderer(request.chat, std::move(id), request.model.name, std::time(nullptr),
                    request.include_usage);
  auto exchange = std::make_unique<Exchange>(client, std::move(request), std::move(renderer));
  exchange->request_id = request_id;
  for (auto& prompt : exchange->request.prompts) {
    const auto index = exchange->sequences.size();
    const auto place = number + index;
    auto sequence = std::make_unique<Sequence>(mix_seed(shared_.seed, place));
    sequence->exchange = exchange.get();
    sequence->index = static_cast<std::int64_t>(index);
    sequence->ticket.number = place;
    sequence->ticket.lora = exchange->request.model.lora;
    sequence->ticket.home = worker_.index();
    sequence->answer = plan_answer(exchange->request, prompt, shared_.options, sequence->random);
    sequence->prompt_tokens = static_cast<std::int64_t>(prompt.tokens.size());
    if (shared_.cache) sequence->prompt = std::move(prompt.tokens);
    exchange->sequences.push_back(std::move(sequence));
  }
  exchange->request.prompts.clear();
  exchange->unfinished = exchange->sequences.size();
  return exchange;
}

void Generator::start(Client& client, GenerationRequest request, const std::string& request_id,
                      std::int64_t arrival_ns) {
  auto exchange = make_exchange(client, std::move(request), request_id);
  exchange->arrival_ns = arrival_ns;
  std::vector<Ticket*> tickets;
  for (auto& sequence : exchange->sequences) tickets.push_back(&sequence->ticket);
  const auto at_once = shared_.admission.enter(tickets);
  if (!at_once) throw ApiError{429, "the waiting queue is full (max-waiting-queue-length)", ""};
  for (auto& sequence : exchange->sequences) {
    if (static_cast<std::size_t>(sequence->index) < *at_once) {
      begin(*sequence, arrival_ns);
    } else {
      waiting_[sequence->ticket.number] = sequence.get();
    }
  }
  client.begin(std::move(exchange));
}

void Generator::admitted(std::uint64_t ticket_number) {
  const auto found = waiting_.find(ticket_number);
  if (found == waiting_.end()) return;
  Sequence& sequence = *found->second;
  waiting_.erase(found);
  begin(sequence, net::now_ns());
}

void Generator::begin(Sequence& s, std::int64_t now) {
  const auto& request = s.exchange->request;
  s.admitted_ns = now;
  if (shared_.cache) {
    s.lease = shared_.cache->acquire(s.prompt, salt_of(*s.exchange));
    metrics_.cache_queries.add(s.prompt_tokens);
    metrics_.cache_hits.add(s.lease.cached_tokens);
  }
  metrics_.prompt_tokens.add(s.prompt_tokens);
  metrics_.queue.observe(now - s.exchange->arrival_ns);
  const double load = shared_.latency.load_factor(shared_.admission.running());
  const auto prefill = shared_.latency.prefill_ns(
      {s.prompt_tokens, s.lease.cached_tokens, request.remote_prefill}, load, s.random);
  metrics_.intended_first_token.observe(prefill);
  s.next_ns = now + prefill;
  timers_.set(s, s.next_ns);
}

void Generator::run_due() {
  for (int i = 0; i < kTicksPerRound; ++i) {
    auto* first = timers_.first();
    if (!first || first->due_ns > net::now_ns()) return;
    tick(static_cast<Sequence&>(*first));
  }
}

// One wake-up of a sequence: every token that is due by now, in one write.
void Generator::tick(Sequence& s) {
  Exchange& exchange = *s.exchange;
  const auto now = net::now_ns();
  out_.clear();
  if (exchange.request.stream && !exchange.streamed) open_stream(exchange);
  for (auto budget = shared_.options.tokens_per_write; budget > 0; --budget) {
    make_token(s, now);
    if (s.complete() || s.next_ns > now) break;
  }
  const bool last_of_all = s.complete() && --exchange.unfinished == 0;
  if (s.complete()) {
    if (exchange.request.stream) write_end(s);
    release(s);
  } else {
    timers_.set(s, s.next_ns);
  }
  if (!out_.empty()) {
    const std::string_view part = out_;
    if (!exchange.client.send(std::span(&part, 1)))
      return;  // the client is lost and the exchange gone with it
  }
  if (last_of_all) complete(exchange, now);
}

void Generator::make_token(Sequence& s, std::int64_t now) {
  if (s.made == 0) {
    s.first_ns = now;
    metrics_.time_to_first_token.observe(now - s.exchange->arrival_ns);
    metrics_.prefill.observe(now - s.admitted_ns);
  } else {
    metrics_.inter_token_latency.observe(now - s.last_ns);
  }
  s.last_ns = now;
  if (shared_.truth) {
    s.intended_ns.push_back(s.next_ns);
    s.sent_ns.push_back(now);
  }
  ++s.made;
  metrics_.generation_tokens.add();
  if (s.exchange->request.stream) write_token(s);
  if (s.complete()) return;
  const auto gap = shared_.latency.gap_ns(shared_.latency.load_factor(shared_.admission.running()), s.random);
  metrics_.intended_inter_token.observe(gap);
  s.next_ns += gap;
}

void Generator::complete(Exchange& exchange, std::int64_t now) {
  std::int64_t most = 0;
  for (auto& sequence : exchange.sequences) {
    most = std::max(most, sequence->made);
    if (!exchange.request.stream) std::fill(sequence->sent_ns.begin(), sequence->sent_ns.end(), now);
    record(*sequence, finish_name(sequence->answer.finish));
  }
  metrics_.max_generation.observe(most);
  if (exchange.request.limits.max_tokens)
    metrics_.params_max_tokens.observe(*exchange.request.limits.max_tokens);
  Client& client = exchange.client;
  if (exchange.request.stream) {
    client.finish_reply();
  } else {
    client.reply({200, whole_response(exchange)});
  }
}

void Generator::release(Sequence& s) {
  if (s.released) return;
  s.released = true;
  timers_.cancel(s);
  waiting_.erase(s.ticket.number);
  if (s.admitted_ns != 0) count_finished(s);
  if (shared_.cache && s.admitted_ns != 0) {
    std::vector<Token> all;
    if (s.complete()) {
      all = std::move(s.prompt);
      const auto ids = s.answer.ids();
      all.insert(all.end(), ids.begin(), ids.end());
    }
    shared_.cache->release(s.lease, all, salt_of(*s.exchange));
  }
  for (const auto& next : shared_.admission.leave(s.ticket)) worker_.deliver(next);
}

void Generator::count_finished(const Sequence& s) {
  const auto finish = s.complete() ? s.answer.finish : Finish::kAbort;
  metrics_.finished[static_cast<std::size_t>(finish)].add();
  metrics_.prompt.observe(s.prompt_tokens);
  metrics_.generation.observe(s.made);
  if (!s.complete()) return;
  metrics_.e2e.observe(s.last_ns - s.exchange->arrival_ns);
  metrics_.inference.observe(s.last_ns - s.admitted_ns);
  metrics_.decode.observe(s.last_ns - s.first_ns);
  if (s.made > 1) metrics_.time_per_output_token.observe((s.last_ns - s.first_ns) / (s.made - 1));
}

void Generator::record(Sequence& s, const char* outcome) {
  if (!shared_.truth || s.recorded) return;
  s.recorded = true;
  const Exchange& exchange = *s.exchange;
  TruthRecord r;
  r.id = exchange.renderer.id();
  r.request_id = exchange.request_id;
  r.index = s.index;
  r.endpoint = exchange.request.chat ? "/v1/chat/completions" : "/v1/completions";
  r.model = exchange.request.model.name;
  r.stream = exchange.request.stream;
  r.arrival_ns = exchange.arrival_ns;
  r.admitted_ns = s.admitted_ns;
  r.prompt_tokens = s.prompt_tokens;
  r.cached_tokens = s.lease.cached_tokens;
  r.intended_ns = std::move(s.intended_ns);
  r.sent_ns = std::move(s.sent_ns);
  r.outcome = outcome;
  r.end_ns = net::now_ns();
  shared_.truth->add(std::move(r));
}

void Generator::abort(Exchange& exchange, const char* outcome) {
  for (auto& sequence : exchange.sequences) {
    release(*sequence);
    record(*sequence, outcome);
  }
}

void Generator::stop(Exchange& exchange) {
  abort(exchange, "stopped");
  const ApiError error{503, "the server is stopping", ""};
  Client& client = exchange.client;
  if (!exchange.streamed) return client.reply({error.status, error_body(error)});
  out_.clear();
  append_event(exchange, "data: " + error_body(error) + "\n\n");
  append_event(exchange, kDoneEvent);
  if (client.chunks()) out_ += kLastHttpChunk;
  const std::string_view part = out_;
  if (client.send(std::span(&part, 1))) client.finish_reply();
}

// --- bytes
// -----------------------------------------------------------------------------------------------------------

void Generator::open_stream(Exchange& exchange) {
  exchange.streamed = true;
  exchange.client.note_status(200);
  out_ += exchange.client.stream_head("text/event-stream; charset=utf-8");
}

void Generator::append_event(const Exchange& exchange, std::string_view event) {
  if (exchange.client.chunks()) {
    append_http_chunk(event, out_);
  } else {
    out_ += event;
  }
}

void Generator::write_token(Sequence& s) {
  const Exchange& exchange = *s.exchange;
  if (s.made == 1 && exchange.request.chat) {
    event_.clear();
    exchange.renderer.role_event(s.index, event_);
    append_event(exchange, event_);
  }
  if (!s.frame.empty()) {
    out_ += s.frame;
    return;
  }
  event_.clear();
  const auto usage = usage_of(exchange);
  exchange.renderer.token_event(s.index, s.answer.text(s.made - 1),
                                exchange.request.continuous_usage ? &usage : nullptr, event_);
  const auto start = out_.size();
  append_event(exchange, event_);
  if (s.answer.texts.empty() && !exchange.request.continuous_usage) s.frame = out_.substr(start);
}

void Generator::write_end(Sequence& s) {
  const Exchange& exchange = *s.exchange;
  const auto usage = usage_of(exchange);
  event_.clear();
  exchange.renderer.finish_event(s.index, s.answer.finish,
                                 exchange.request.continuous_usage ? &usage : nullptr,
                                 transfer_params(exchange), event_);
  append_event(exchange, event_);
  if (exchange.unfinished > 0) return;
  if (exchange.request.include_usage) {
    event_.clear();
    exchange.renderer.usage_event(usage, event_);
    append_event(exchange, event_);
  }
  append_event(exchange, kDoneEvent);
  if (exchange.client.chunks()) out_ += kLastHttpChunk;
}

std::string Generator::whole_response(const Exchange& exchange) const {
  std::string choices;
  for (const auto& sequence : exchange.sequences) {
    exchange.renderer.choice(sequence->index, sequence->answer.all(), sequence->answer.finish, choices);
  }
  return exchange.renderer.response(choices, usage_of(exchange), transfer_params(exchange));
}

Usage Generator::usage_of(const Exchange& exchange) const {
  Usage usage;
  if (shared_.cache) usage.cached_tokens = 0;
  for (const auto& sequence : exchange.sequences) {
    usage.prompt_tokens += sequence->prompt_tokens;
    usage.completion_tokens += sequence->made;
    if (shared_.cache) usage.cached_tokens += sequence->lease.cached_tokens;
  }
  return usage;
}

// What a prefill server tells the decode server; empty unless the decode happens elsewhere.
std::string Generator::transfer_params(const Exchange& exchange) const {
  if (!exchange.request.remote_decode) return {};
  Value blocks = Value::array();
  const auto count = exchange.sequences.front()->prompt_tokens / shared_.options.block_size + 1;
  for (std::int64_t block = 1; block <= count; ++block) blocks.push_back(block);
  const Value params = {{"do_remote_prefill", true},
                        {"do_remote_decode", false},
                        {"remote_engine_id", shared_.run_id},
                        {"remote_block_ids", blocks},
                        {"remote_host", shared_.options.host},
                        {"remote_port", shared_.port},
                        {"tp_size", 1}};
  return params.dump();
}

}  // namespace core::sim
