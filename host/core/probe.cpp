#include "core/probe.hpp"

#include <utility>

#include "core/http/status_error.hpp"
#include "core/json.hpp"
#include "core/redact.hpp"
#include "core/suggest.hpp"

namespace core {

namespace {

/// The request of a sequence that is under way, so that the sequence can be cancelled.
struct Sequence {
  Cancel current;
  static Cancel handle(const std::shared_ptr<Sequence>& sequence) {
    return [weak = std::weak_ptr(sequence)] {
      if (auto self = weak.lock(); self && self->current) self->current();
    };
  }
};

/// `fetch`, with bad statuses as errors.
Cancel ask(const std::shared_ptr<Http>& http, HttpRequest request, Callback<HttpResponse> done) {
  return http->fetch(std::move(request), [done = std::move(done)](Result<HttpResponse> response) {
    if (response && response->status >= 300) return done(status_error(*response));
    done(std::move(response));
  });
}

Error unexpected(const HttpResponse& response, const std::string& reason, const std::string& what) {
  constexpr std::size_t kShown = 200;
  return Error{"invalid", response.url + " " + what,
               "is this the base URL of an OpenAI-compatible server (without /v1/...)?"}
      .with("url", response.url)
      .with("status", response.status)
      .with("reason", reason)
      .with("body", redact(response.body.substr(0, kShown)));
}

/// `ask`, and reads the answer as a JSON object.
Cancel ask_json(const std::shared_ptr<Http>& http, HttpRequest request,
                std::function<void(Result<Value>, const HttpResponse&)> done) {
  return ask(http, std::move(request), [done = std::move(done)](Result<HttpResponse> response) {
    if (!response) return done(std::move(response).error(), {});
    auto tree = decode_json(response->body);
    if (!tree) return done(unexpected(*response, "not_json", "answered, but not with JSON"), *response);
    if (!tree->is_object())
      return done(unexpected(*response, "shape", "answered with JSON of another shape"), *response);
    done(std::move(*tree), *response);
  });
}

HttpRequest post_json(HttpRequest to, const std::string& path, const Value& body) {
  to.method = "POST";
  to.url = endpoint_url(std::move(to.url), path);
  to.headers.emplace_back("Content-Type", "application/json");
  to.body = encode_json(body);
  return to;
}

std::int64_t integer_or_zero(const Value& tree, const char* key) {
  const auto found = tree.find(key);
  return found != tree.end() && found->is_number() ? found->get<std::int64_t>() : 0;
}

std::string text_or_empty(const Value& tree, const char* key) {
  const auto found = tree.find(key);
  return found != tree.end() && found->is_string() ? found->get<std::string>() : "";
}

// -- models -----------------------------------------------------------------------------------------

Result<std::vector<ServedModel>> read_models(const Value& tree, const HttpResponse& response) {
  const auto data = tree.find("data");
  if (data == tree.end() || !data->is_array())
    return unexpected(response, "shape", "answered without a list of models ('data')");
  std::vector<ServedModel> models;
  for (const auto& item : *data)
    if (item.is_object() && item.contains("id") && item["id"].is_string())
      models.push_back({item["id"].get<std::string>(), integer_or_zero(item, "max_model_len")});
  if (models.empty())
    return Error{"not_found", response.url + " lists no models", "is the model still being loaded?"}
        .with("url", response.url)
        .with("reason", "no_models");
  return models;
}

Result<Done> check_expected(const std::vector<ServedModel>& models, const std::string& expect,
                            const std::string& url) {
  std::vector<std::string> names;
  for (const auto& model : models) {
    if (model.id == expect) return Done{};
    names.push_back(model.id);
  }
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return Error{"not_found",
               "the model '" + expect + "' is not served by " + url + did_you_mean(expect, names),
               "served are: " + list}
      .with("url", url)
      .with("reason", "model")
      .with("models", names);
}

}  // namespace

std::string endpoint_url(std::string base, const std::string& path) {
  while (!base.empty() && base.back() == '/') base.pop_back();
  if (base.size() > 3 && base.compare(base.size() - 3, 3, "/v1") == 0) base.resize(base.size() - 3);
  while (!base.empty() && base.back() == '/') base.pop_back();
  return base + (path.empty() || path.front() != '/' ? "/" : "") + path;
}

Cancel probe_models(std::shared_ptr<Http> http, HttpRequest to, std::string expect,
                    Callback<std::vector<ServedModel>> done) {
  to.url = endpoint_url(std::move(to.url), "/v1/models");
  return ask_json(
      http, std::move(to),
      [expect = std::move(expect), done = std::move(done)](Result<Value> tree, const HttpResponse& response) {
        if (!tree) return done(std::move(tree).error());
        auto models = read_models(*tree, response);
        if (models && !expect.empty())
          if (auto found = check_expected(*models, expect, response.url); !found)
            return done(std::move(found).error());
        done(std::move(models));
      });
}

// -- completion -------------------------------------------------------------------------------------

namespace {

class CompletionProbe : public std::enable_shared_from_this<CompletionProbe> {
 public:
  CompletionProbe(std::shared_ptr<Http> http, CompletionTry request, Callback<CompletionAnswer> done)
      : http_(std::move(http)), request_(std::move(request)), done_(std::move(done)) {}

  Cancel start() {
    send(request_.api == "chat" ? "chat" : "completions");
    return Sequence::handle(sequence_);
  }

 private:
  void send(const std::string& api) {
    Value body = {{"model", request_.model}};
    if (api == "chat") {
      body["messages"] = {{{"role", "user"}, {"content", request_.prompt}}};
    } else {
      body["prompt"] = request_.prompt;
    }
    body["max_tokens"] = request_.max_tokens;
    body["temperature"] = 0;
    const char* path = api == "chat" ? "/v1/chat/completions" : "/v1/completions";
    sequence_->current =
        ask_json(http_, post_json(request_.to, path, body),
                 [self = shared_from_this(), api](Result<Value> tree, const HttpResponse& response) {
                   self->answered(api, std::move(tree), response);
                 });
  }

  void answered(const std::string& api, Result<Value> tree, const HttpResponse& response) {
    if (tree) return done_(read(api, *tree, response));
    const int status = tree.error().facts.value("status", 0);
    const bool about_model = status == 404 && says(tree.error(), request_.model);
    if (about_model) return ask_for_models(std::move(tree).error());
    const bool lacks_api = status == 404 || status == 405 || status == 501;
    if (request_.api == "auto" && api == "completions" && lacks_api) return send("chat");
    done_(std::move(tree).error());
  }

  static bool says(const Error& error, const std::string& word) {
    return !word.empty() && error.facts.value("body", "").find(word) != std::string::npos;
  }

  /// The server does not know the model: finds out which it knows.
  void ask_for_models(Error refusal) {
    sequence_->current =
        probe_models(http_, request_.to, request_.model,
                     [self = shared_from_this(), refusal](Result<std::vector<ServedModel>> models) {
                       const bool better = !models && models.error().facts.value("reason", "") == "model";
                       self->done_(better ? models.error() : refusal);
                     });
  }

  Result<CompletionAnswer> read(const std::string& api, const Value& tree,
                                const HttpResponse& response) const {
    const auto choices = tree.find("choices");
    if (choices == tree.end() || !choices->is_array() || choices->empty() || !choices->front().is_object())
      return unexpected(response, "shape", "answered without 'choices'");
    const Value& choice = choices->front();
    CompletionAnswer answer;
    answer.api = api;
    answer.model = text_or_empty(tree, "model");
    answer.finish_reason = text_or_empty(choice, "finish_reason");
    answer.usage = tree.value("usage", Value());
    answer.seconds = response.seconds;
    answer.text = text_or_empty(choice, "text");
    if (const auto message = choice.find("message"); message != choice.end() && message->is_object()) {
      answer.text = text_or_empty(*message, "content");
      if (answer.text.empty()) answer.text = text_or_empty(*message, "reasoning_content");
    }
    if (answer.text.empty())
      return Error{"invalid", response.url + " answered without any text",
                   "see the server's log; try another prompt"}
          .with("url", response.url)
          .with("reason", "empty");
    return answer;
  }

  std::shared_ptr<Http> http_;
  CompletionTry request_;
  Callback<CompletionAnswer> done_;
  std::shared_ptr<Sequence> sequence_ = std::make_shared<Sequence>();
};

}  // namespace

Cancel probe_completion(std::shared_ptr<Http> http, CompletionTry request, Callback<CompletionAnswer> done) {
  return std::make_shared<CompletionProbe>(std::move(http), std::move(request), std::move(done))->start();
}

// -- tokenize and metrics -----------------------------------------------------------------------------

namespace {

/// Ids out of `tokens`, which llama.cpp can also give as objects with an `id`.
std::vector<std::int64_t> read_ids(const Value& tree) {
  std::vector<std::int64_t> ids;
  const auto tokens = tree.find("tokens");
  if (tokens == tree.end() || !tokens->is_array()) return ids;
  for (const auto& token : *tokens) {
    if (token.is_number()) ids.push_back(token.get<std::int64_t>());
    if (token.is_object()) ids.push_back(integer_or_zero(token, "id"));
  }
  return ids;
}

}  // namespace

Cancel probe_tokenize(std::shared_ptr<Http> http, HttpRequest to, std::string model, std::string text,
                      Callback<Tokens> done) {
  auto sequence = std::make_shared<Sequence>();
  const Value vllm = {{"model", model}, {"prompt", text}};
  const Value llama = {{"content", text}, {"add_special", true}};
  auto second = [http, to, llama, done, sequence, empty = text.empty()](Error first) {
    sequence->current = ask_json(http, post_json(to, "/tokenize", llama),
                                 [done, empty, first](Result<Value> tree, const HttpResponse& response) {
                                   if (!tree) return done(first);
                                   Tokens tokens{read_ids(*tree)};
                                   if (tokens.ids.empty() && !empty)
                                     return done(unexpected(response, "shape", "answered without 'tokens'"));
                                   done(std::move(tokens));
                                 });
  };
  sequence->current = ask_json(http, post_json(to, "/tokenize", vllm),
                               [done, second](Result<Value> tree, const HttpResponse& response) {
                                 if (tree) {
                                   Tokens tokens{read_ids(*tree), integer_or_zero(*tree, "max_model_len")};
                                   if (!tokens.ids.empty()) return done(std::move(tokens));
                                   return second(unexpected(response, "shape", "answered without 'tokens'"));
                                 }
                                 const int status = tree.error().facts.value("status", 0);
                                 const bool other_dialect = status == 400 || status == 422 || status == 500;
                                 if (other_dialect) return second(std::move(tree).error());
                                 done(std::move(tree).error());
                               });
  return Sequence::handle(sequence);
}

Cancel probe_metrics(std::shared_ptr<Http> http, HttpRequest to, Callback<std::string> done) {
  to.url = endpoint_url(std::move(to.url), "/metrics");
  return ask(http, std::move(to), [done = std::move(done)](Result<HttpResponse> response) {
    if (!response) return done(std::move(response).error());
    done(std::move(response->body));
  });
}

}  // namespace core
