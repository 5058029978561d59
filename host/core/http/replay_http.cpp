#include "core/http/replay_http.hpp"

#include <algorithm>
#include <utility>

#include <fnmatch.h>

#include "core/http/url.hpp"
#include "core/json.hpp"
#include "core/suggest.hpp"
#include "core/world.hpp"

namespace core {

namespace {

const std::vector<std::string> kKeys{"method", "url",  "glob",   "repeat",  "sent",      "status", "headers",
                                     "body",   "json", "chunks", "seconds", "between_s", "error",  "breaks"};

Error bad(const std::string& where, const std::string& what) {
  return Error{"invalid", where + ": " + what, "see the format of recorded requests in docs/testing.md"};
}

Error read_error(const Value& tree, const std::string& url) {
  return Error{tree.value("code", "unreachable"), tree.value("message", "recorded error"),
               tree.value("hint", "")}
      .with("url", url)
      .with("reason", tree.value("reason", "connect"));
}

std::vector<std::string> read_chunks(const Value& tree) {
  if (tree.contains("chunks")) return tree["chunks"].get<std::vector<std::string>>();
  const std::string body = tree.contains("json") ? encode_json(tree["json"]) : tree.value("body", "");
  return body.empty() ? std::vector<std::string>() : std::vector<std::string>{body};
}

RecordedRequest read_request(const Value& tree) {
  RecordedRequest request;
  request.method = tree.value("method", "GET");
  request.url = tree.at("url").get<std::string>();
  request.glob = tree.value("glob", false);
  request.repeat = tree.value("repeat", false);
  if (tree.contains("sent")) request.sent = tree["sent"];
  request.status = tree.value("status", 200);
  if (tree.contains("json")) request.headers.emplace_back("Content-Type", "application/json");
  const Value headers = tree.value("headers", Value::object());
  for (const auto& [name, value] : headers.items())
    request.headers.emplace_back(name, value.get<std::string>());
  request.chunks = read_chunks(tree);
  request.seconds = tree.value("seconds", 0.0);
  request.between_s = tree.value("between_s", 0.0);
  if (tree.contains("error")) request.error = read_error(tree["error"], request.url);
  if (tree.contains("breaks")) request.breaks = read_error(tree["breaks"], request.url);
  return request;
}

/// Whether all members of `part` are in `whole` with equal values; lists need all of theirs.
bool is_part(const Value& part, const Value& whole) {
  if (part.is_array() && whole.is_array())
    return part.size() == whole.size() && std::equal(part.begin(), part.end(), whole.begin(), is_part);
  if (!part.is_object() || !whole.is_object()) return part == whole;
  return std::all_of(part.items().begin(), part.items().end(), [&whole](const auto& member) {
    const auto found = whole.find(member.key());
    return found != whole.end() && is_part(member.value(), *found);
  });
}

bool matches(const RecordedRequest& recorded, const HttpRequest& request) {
  const std::string url = hide_userinfo(request.url);
  const bool same_url =
      recorded.glob ? ::fnmatch(recorded.url.c_str(), url.c_str(), 0) == 0 : recorded.url == url;
  if (!same_url || recorded.method != request.method) return false;
  if (!recorded.sent) return true;
  if (recorded.sent->is_string()) return request.body == recorded.sent->get<std::string>();
  const auto body = decode_json(request.body);
  return body && is_part(*recorded.sent, *body);
}

std::string title(const RecordedRequest& recorded) { return recorded.method + " " + recorded.url; }

/// Waits on the clock, then says so; a cancellation says `cancelled`, once.
Cancel after(Clock& clock, double seconds, std::function<void(std::optional<Error>)> then) {
  auto once = std::make_shared<decltype(then)>(std::move(then));
  const auto fire = [once](std::optional<Error> error) {
    if (*once) std::exchange(*once, nullptr)(std::move(error));
  };
  Cancel disarm = clock.call_after(seconds, [fire] { fire({}); });
  return [disarm, fire] {
    disarm();
    fire(Error{"cancelled", "the request was cancelled", ""});
  };
}

class ReplayStream : public HttpStream, public std::enable_shared_from_this<ReplayStream> {
 public:
  ReplayStream(World& world, RecordedRequest recorded) : world_(world), recorded_(std::move(recorded)) {
    status = recorded_.status;
    headers = recorded_.headers;
    url = recorded_.url;
  }

  Cancel read(Callback<std::optional<std::string>> done) override {
    cancel_ = after(*world_.clock, closed_ ? 0 : recorded_.between_s,
                    [self = shared_from_this(), done = std::move(done)](std::optional<Error> error) {
                      if (error) self->closed_ = true;
                      if (error) return done(std::move(*error));
                      done(self->next());
                    });
    return cancel_;
  }

  void close() override {
    closed_ = true;
    if (cancel_) std::exchange(cancel_, {})();
  }

 private:
  Result<std::optional<std::string>> next() {
    if (!closed_ && position_ < recorded_.chunks.size()) return std::optional(recorded_.chunks[position_++]);
    if (!std::exchange(closed_, true) && recorded_.breaks) return *recorded_.breaks;
    return std::optional<std::string>();
  }

  World& world_;
  RecordedRequest recorded_;
  std::size_t position_ = 0;
  bool closed_ = false;
  Cancel cancel_;
};

}  // namespace

Result<HttpTranscript> read_http_transcript(const Value& tree, const std::string& name) {
  HttpTranscript transcript;
  transcript.name = name;
  std::string where = name;
  try {
    transcript.any_order = tree.value("any_order", false);
    for (const auto& item : tree.value("requests", Value::array())) {
      where = name + ", request " + std::to_string(transcript.requests.size() + 1);
      if (!item.is_object()) return bad(where, "expected a map");
      for (const auto& [key, value] : item.items())
        if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
          return bad(where, "unknown key '" + key + "'" + did_you_mean(key, kKeys));
      transcript.requests.push_back(read_request(item));
    }
  } catch (const nlohmann::json::exception& e) {
    return bad(where, e.what());
  }
  return transcript;
}

ReplayHttp::ReplayHttp(World& world, HttpTranscript transcript)
    : world_(world), transcript_(std::move(transcript)), uses_(transcript_.requests.size()) {}

std::shared_ptr<Clock> ReplayHttp::clock() { return world_.clock; }

Cancel ReplayHttp::open(HttpRequest request, Callback<std::shared_ptr<HttpStream>> done) {
  const RecordedRequest* found = find(request);
  const double seconds = found ? found->seconds : 0;
  auto outcome = std::make_shared<Result<std::shared_ptr<HttpStream>>>(!found         ? mismatch(request)
                                                                       : found->error ? *found->error
                                                                                      : Error{});
  if (found && !found->error)
    *outcome = std::shared_ptr<HttpStream>(std::make_shared<ReplayStream>(world_, *found));
  const bool late = request.timeout_s > 0 && seconds > request.timeout_s;
  if (late)
    *outcome = Error{"timeout",
                     "no answer came within " + Value(request.timeout_s).dump() + " s (" + found->url + ")",
                     "raise the timeout, or see what keeps the server"}
                   .with("url", found->url)
                   .with("reason", "response")
                   .with("after_s", request.timeout_s);
  return after(*world_.clock, late ? request.timeout_s : seconds,
               [outcome, done = std::move(done)](std::optional<Error> error) {
                 if (error) return done(std::move(*error));
                 done(std::move(*outcome));
               });
}

const RecordedRequest* ReplayHttp::find(const HttpRequest& request) {
  const auto& list = transcript_.requests;
  const auto take = [&](std::size_t i) {
    ++uses_[i];
    if (!transcript_.any_order) next_ = i + 1;
    return &list[i];
  };
  if (!transcript_.any_order) {
    if (next_ < list.size() && matches(list[next_], request)) return take(next_);
    const bool again = next_ > 0 && list[next_ - 1].repeat && matches(list[next_ - 1], request);
    return again ? take(next_ - 1) : nullptr;
  }
  for (const bool repeating : {false, true})
    for (std::size_t i = 0; i < list.size(); ++i)
      if ((uses_[i] == 0 || (repeating && list[i].repeat)) && matches(list[i], request)) return take(i);
  return nullptr;
}

Error ReplayHttp::mismatch(const HttpRequest& request) const {
  const std::string asked = request.method + " " + hide_userinfo(request.url);
  std::string expected = "nothing more";
  if (!transcript_.any_order && next_ < transcript_.requests.size())
    expected = title(transcript_.requests[next_]);
  if (transcript_.any_order) expected = "one of its unused requests";
  return Error{"invalid",
               transcript_.name + ": the request '" + asked + "' is not the recorded one; expected was " +
                   expected + (request.body.empty() ? "" : "; its body: " + request.body),
               "correct the transcript, or the code that asks"}
      .with("url", hide_userinfo(request.url))
      .with("reason", "replay");
}

std::vector<std::string> ReplayHttp::unused() const {
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < uses_.size(); ++i)
    if (uses_[i] == 0) titles.push_back(title(transcript_.requests[i]));
  return titles;
}

}  // namespace core
