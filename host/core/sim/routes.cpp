#include "core/sim/routes.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/net/monotonic.hpp"
#include "core/sim/api_error.hpp"
#include "core/sim/client.hpp"
#include "core/sim/generator.hpp"
#include "core/sim/request.hpp"
#include "core/sim/shared.hpp"
#include "core/sim/worker.hpp"

namespace core::sim {

namespace {

HttpReply json_reply(const Value& value) {
  return {200, value.dump(-1, ' ', false, Value::error_handler_t::replace)};
}

std::string text_field(const Value& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end() || !found->is_string() || found->get_ref<const std::string&>().empty()) {
    throw ApiError{400, std::string("'") + name + "' (a text) is missing", name};
  }
  return found->get<std::string>();
}

// --- small endpoints
// -------------------------------------------------------------------------------------------------

HttpReply get_health(Worker&, const HttpRequest&) { return {200, "", "text/plain"}; }

HttpReply get_ready(Worker& worker, const HttpRequest&) {
  const Shared& shared = worker.shared();
  if (net::now_ns() - shared.started_ns < shared.options.startup_duration.ns) {
    throw ApiError{503, "the model is still being loaded (startup-duration)", ""};
  }
  return {200, "", "text/plain"};
}

HttpReply get_models(Worker& worker, const HttpRequest&) {
  return json_reply(worker.shared().models.list(worker.shared().started_s));
}

HttpReply get_metrics(Worker& worker, const HttpRequest&) {
  return {200, worker.metrics_page(), "text/plain; version=0.0.4; charset=utf-8"};
}

HttpReply post_tokenize(Worker& worker, const HttpRequest& request) {
  const auto body = parse_body(request.body);
  const auto tokens = read_tokenize(body);
  Value reply = {{"count", tokens.size()},
                 {"max_model_len", worker.shared().options.max_model_len},
                 {"tokens", tokens},
                 {"token_strs", nullptr}};
  const auto strings = body.find("return_token_strs");
  if (strings != body.end() && *strings == Value(true)) {
    reply["token_strs"] = Value::array();
    for (const Token token : tokens)
      reply["token_strs"].push_back(detokenize(std::span(&token, 1)).value_or(""));
  }
  return json_reply(reply);
}

HttpReply post_detokenize(Worker&, const HttpRequest& request) {
  const auto body = parse_body(request.body);
  const auto found = body.find("tokens");
  if (found == body.end() || !found->is_array())
    throw ApiError{400, "'tokens' (a list of ids) is missing", "tokens"};
  std::string text;
  for (const auto& id : *found) {
    const bool known = is_natural(id) && id.get<std::uint64_t>() < kVocabularySize;
    if (!known) throw ApiError{400, "there is no token " + shown(id), "tokens"};
    append_token_text(id.get<Token>(), text);
  }
  return json_reply({{"prompt", text}});
}

HttpReply post_load_adapter(Worker& worker, const HttpRequest& request) {
  const auto body = parse_body(request.body);
  const auto name = text_field(body, "lora_name");
  auto loaded = worker.shared().models.load({name, text_field(body, "lora_path"), ""});
  if (!loaded) throw ApiError{400, loaded.error().message, "lora_name"};
  return {200, "the adapter '" + name + "' is loaded", "text/plain"};
}

HttpReply post_unload_adapter(Worker& worker, const HttpRequest& request) {
  const auto name = text_field(parse_body(request.body), "lora_name");
  auto unloaded = worker.shared().models.unload(name);
  if (!unloaded) throw ApiError{404, unloaded.error().message, "lora_name"};
  return {200, "the adapter '" + name + "' is unloaded", "text/plain"};
}

// --- sleep mode
// ------------------------------------------------------------------------------------------------------

Shared& sleeper(Worker& worker) {
  if (!worker.shared().offers_sleep) {
    throw ApiError{404, "sleep mode is off (enable-sleep-mode and VLLM_SERVER_DEV_MODE=1 switch it on)", ""};
  }
  return worker.shared();
}

HttpReply post_sleep(Worker& worker, const HttpRequest&) {
  Shared& shared = sleeper(worker);
  shared.asleep = true;
  if (shared.cache) shared.cache->clear();
  return {200, "", "text/plain"};
}

HttpReply post_wake_up(Worker& worker, const HttpRequest&) {
  sleeper(worker).asleep = false;
  return {200, "", "text/plain"};
}

HttpReply get_is_sleeping(Worker& worker, const HttpRequest&) {
  return json_reply({{"is_sleeping", sleeper(worker).asleep.load()}});
}

// --- generation
// ------------------------------------------------------------------------------------------------------

// The failure that the client or the options ask for.
void fail_on_purpose(Worker& worker, const HttpRequest& request) {
  const auto wanted = request.head->field("x-return-error");
  if (!wanted.empty()) {
    int status = 0;
    const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), status);
    if (error != std::errc() || end != wanted.data() + wanted.size() || status < 400 || status > 599) {
      throw ApiError{400, "X-Return-Error must be a status from 400 to 599", "X-Return-Error"};
    }
    throw ApiError{status, "failure asked for by X-Return-Error", ""};
  }
  if (worker.draw_failure()) throw injected_failure(worker.shared().options.failure_types, worker.failures());
}

void record_refusal(Shared& shared, const HttpRequest& request, std::int64_t arrival_ns,
                    const ApiError& error) {
  if (!shared.truth) return;
  TruthRecord record;
  record.request_id = request.head->field("x-request-id");
  record.endpoint = request.path;
  record.arrival_ns = arrival_ns;
  record.outcome = "rejected";
  record.status = error.status;
  record.end_ns = net::now_ns();
  shared.truth->add(std::move(record));
}

void generate(Worker& worker, Client& client, const HttpRequest& request, bool chat) {
  const auto arrival_ns = client.arrived_ns();
  Shared& shared = worker.shared();
  try {
    fail_on_purpose(worker, request);
    if (shared.asleep) throw ApiError{503, "the server sleeps; POST /wake_up first", ""};
    auto wanted = read_generation(parse_body(request.body), chat, shared.options, shared.models);
    worker.generator().start(client, std::move(wanted), std::string(request.head->field("x-request-id")),
                             arrival_ns);
  } catch (const ApiError& error) {
    record_refusal(shared, request, arrival_ns, error);
    throw;
  }
}

// --- the table
// -------------------------------------------------------------------------------------------------------

struct Route {
  std::string_view method, path;
  HttpReply (*answer)(Worker&, const HttpRequest&);  // null: generation
};

constexpr std::string_view kCompletions = "/v1/completions", kChat = "/v1/chat/completions";

constexpr Route kRoutes[] = {
    {"POST", kCompletions, nullptr},
    {"POST", kChat, nullptr},
    {"GET", "/v1/models", get_models},
    {"GET", "/metrics", get_metrics},
    {"GET", "/health", get_health},
    {"GET", "/health/ready", get_ready},
    {"POST", "/tokenize", post_tokenize},
    {"POST", "/detokenize", post_detokenize},
    {"POST", "/v1/load_lora_adapter", post_load_adapter},
    {"POST", "/v1/unload_lora_adapter", post_unload_adapter},
    {"POST", "/sleep", post_sleep},
    {"POST", "/wake_up", post_wake_up},
    {"GET", "/is_sleeping", get_is_sleeping},
};

const Route& find_route(const HttpRequest& request) {
  const auto method = request.method == "HEAD" ? "GET" : request.method;
  const Route* other = nullptr;
  for (const auto& route : kRoutes) {
    if (route.path != request.path) continue;
    if (route.method == method) return route;
    other = &route;
  }
  if (!other) throw ApiError{404, "there is no endpoint '" + std::string(request.path) + "'", ""};
  throw ApiError{405, std::string(request.path) + " only takes " + std::string(other->method), ""};
}

void check_key(const Shared& shared, const HttpRequest& request) {
  const auto& key = shared.options.api_key;
  if (key.empty() || request.path.substr(0, 4) != "/v1/") return;
  const auto given = request.head->field("authorization");
  constexpr std::string_view kScheme = "bearer ";  // in whatever case, says RFC 9110
  const auto scheme = given.substr(0, kScheme.size());
  const auto same = [](unsigned char a, char b) { return std::tolower(a) == b; };
  if (std::equal(scheme.begin(), scheme.end(), kScheme.begin(), kScheme.end(), same) &&
      given.substr(kScheme.size()) == key)
    return;
  throw ApiError{401, "the request carries no valid API key", ""};
}

void name_request(const Shared& shared, Client& client, const HttpRequest& request) {
  if (!shared.options.enable_request_id_headers) return;
  const auto given = request.head->field("x-request-id");
  const auto id = given.empty() ? shared.run_id + "-r" + std::to_string(net::now_ns()) : std::string(given);
  client.set_reply_headers("X-Request-Id: " + id + "\r\n");
}

}  // namespace

void handle_request(Worker& worker, Client& client, const HttpRequest& request) {
  const Shared& shared = worker.shared();
  name_request(shared, client, request);
  try {
    const Route& route = find_route(request);
    check_key(shared, request);
    if (route.answer) {
      client.reply(route.answer(worker, request));
    } else {
      generate(worker, client, request, route.path == kChat);
    }
  } catch (const ApiError& error) {
    client.reply({error.status, error_body(error)});
  }
}

}  // namespace core::sim
