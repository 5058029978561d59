// host.http: requests, streamed bodies, server-sent events.
#include "core/http.hpp"

#include "bind/http_options.hpp"
#include "core/env.hpp"
#include "core/http/event_stream.hpp"
#include "core/http/proxy.hpp"
#include "core/http/status_error.hpp"
#include "core/http/url.hpp"
#include "core/json.hpp"
#include "script/task.hpp"

namespace bind {

namespace {

constexpr const char* kStream = "host.http.Stream";

/// Names in lower case; a repeated one has its values joined by commas.
core::Value header_table(const core::HttpHeaders& headers) {
  core::Value table = core::Value::object();
  for (const auto& [name, value] : headers) {
    std::string key = name;
    for (char& c : key)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (table.contains(key)) {
      table[key] = table[key].get<std::string>() + ", " + value;
    } else {
      table[key] = value;
    }
  }
  return table;
}

int push_response(lua_State* L, const core::HttpResponse& response) {
  script::push(L, core::Value{{"status", response.status},
                              {"headers", header_table(response.headers)},
                              {"body", response.body},
                              {"url", response.url},
                              {"seconds", response.seconds}});
  return 1;
}

// An open stream as scripts hold it.
struct Stream {
  std::shared_ptr<core::HttpStream> http;
  core::EventStream events;
  core::World* world = nullptr;
  std::uint64_t handle = 0;

  void forget() {
    if (handle != 0) world->handles.remove(std::exchange(handle, 0));
  }
  void close() {
    forget();
    http->close();
  }
};
using Handle = std::shared_ptr<Stream>;

Handle& check_stream(lua_State* L, int index) { return script::check_object<Handle>(L, index, kStream); }

int collect_stream(lua_State* L) {
  check_stream(L, 1)->close();
  return script::collect<Handle>(L);
}

int push_stream(lua_State* L, std::shared_ptr<core::HttpStream> http) {
  auto stream = std::make_shared<Stream>();
  stream->http = std::move(http);
  stream->world = &script::world(L);
  stream->handle =
      stream->world->handles.add("http stream", stream->http->url, [weak = std::weak_ptr(stream)] {
        if (auto self = weak.lock()) self->http->close();
      });
  script::push_object<Handle>(L, kStream, std::move(stream));
  return 1;
}

// -- requests -------------------------------------------------------------------------------------------

core::HttpRequest read_request(lua_State* L, int index, const std::string& method, const std::string& url,
                               const char* function, std::vector<script::Option> more = {}) {
  more.push_back({"body", nullptr, "string"});
  more.push_back({"json", nullptr, "any"});
  const auto opts = script::options(L, index, function, http_options(std::move(more)));
  auto request = http_request(method, url, opts);
  if (opts.contains("idle_timeout_s")) request.idle_timeout_s = opts["idle_timeout_s"].get<double>();
  if (opts.contains("method")) request.method = opts["method"];
  if (opts.contains("body") && opts.contains("json"))
    throw core::UsageError(std::string(function) + ": give body or json, not both");
  if (opts.contains("body")) request.body = opts["body"];
  if (!opts.contains("json")) return request;
  request.body = core::encode_json(opts["json"]);
  if (!core::find_header(request.headers, "content-type"))
    request.headers.emplace_back("Content-Type", "application/json");
  return request;
}

int fetch(lua_State* L, core::HttpRequest request) {
  return script::await(L, [&](script::Waiter waiter) {
    return waiter.world().http->fetch(std::move(request), waiter.callback<core::HttpResponse>(push_response));
  });
}

int l_get(lua_State* L) {
  return fetch(L, read_request(L, 2, "GET", script::check_string(L, 1), "http.get"));
}

int l_post(lua_State* L) {
  return fetch(L, read_request(L, 2, "POST", script::check_string(L, 1), "http.post"));
}

int l_request(lua_State* L) {
  return fetch(L, read_request(L, 3, script::check_string(L, 1), script::check_string(L, 2), "http.request"));
}

core::HttpRequest stream_request(lua_State* L, const char* function) {
  const double idle_timeout_s = core::HttpRequest().idle_timeout_s;
  return read_request(L, 2, "GET", script::check_string(L, 1), function,
                      {{"method", nullptr, "string"}, {"idle_timeout_s", idle_timeout_s}});
}

int l_open(lua_State* L) {
  auto request = stream_request(L, "http.open");
  return script::await(L, [&](script::Waiter waiter) {
    return waiter.world().http->open(std::move(request),
                                     waiter.callback<std::shared_ptr<core::HttpStream>>(push_stream));
  });
}

// -- pieces -----------------------------------------------------------------------------------------------

using Piece = std::optional<std::string>;

// `raises`: a broken stream raises its error, which a `for` loop could not see otherwise.
int next_piece(lua_State* L, bool raises) {
  const Handle stream = check_stream(L, 1);
  return script::await(L, [&](script::Waiter waiter) {
    return stream->http->read([waiter, stream, raises](core::Result<Piece> piece) {
      if (!piece || !*piece) stream->forget();
      if (!piece && raises) return waiter.raise(std::move(piece).error());
      auto kept = std::make_shared<core::Result<Piece>>(std::move(piece));
      waiter.finish([kept](lua_State* to) {
        if (!*kept) return script::fail(to, kept->error());
        if (!**kept) return 0;
        script::push_text(to, ***kept);
        return 1;
      });
    });
  });
}

int l_read(lua_State* L) { return next_piece(L, false); }
int l_next_chunk(lua_State* L) { return next_piece(L, true); }

int push_event(lua_State* L, const core::ServerEvent& event) {
  core::Value table{{"event", event.event}, {"data", event.data}};
  if (!event.id.empty()) table["id"] = event.id;
  if (event.retry_s >= 0) table["retry_s"] = event.retry_s;
  script::push(L, table);
  return 1;
}

// Reads pieces until one completes an event.
struct EventWait : std::enable_shared_from_this<EventWait> {
  EventWait(Handle of, script::Waiter by) : stream(std::move(of)), waiter(std::move(by)) {}

  void step() {
    if (auto event = stream->events.next()) {
      waiter.finish([kept = std::move(*event)](lua_State* to) { return push_event(to, kept); });
      return;
    }
    cancel = stream->http->read(
        [self = shared_from_this()](core::Result<Piece> piece) { self->got(std::move(piece)); });
  }

  void got(core::Result<Piece> piece) {
    if (piece && *piece) {
      const auto added = stream->events.add(**piece);
      if (added) return step();
      piece = added.error();
    }
    stream->close();
    if (!piece) return waiter.raise(std::move(piece).error());
    waiter.finish([](lua_State*) { return 0; });
  }

  Handle stream;
  script::Waiter waiter;
  core::Cancel cancel;
};

int l_next_event(lua_State* L) {
  const Handle stream = check_stream(L, 1);
  return script::await(L, [&](script::Waiter waiter) -> core::Cancel {
    auto wait = std::make_shared<EventWait>(stream, waiter);
    wait->step();
    return [weak = std::weak_ptr(wait)] {
      if (auto self = weak.lock(); self && self->cancel) self->cancel();
    };
  });
}

// Pushes the method `next` of the stream on top of the stack, and the stream: what a `for` loop wants.
int push_iterator(lua_State* L, const char* next) {
  luaL_getmetatable(L, kStream);
  lua_getfield(L, -1, "iterators");
  lua_getfield(L, -1, next);
  lua_pushvalue(L, -4);
  return 2;
}

int l_chunks(lua_State* L) {
  check_stream(L, 1);
  lua_settop(L, 1);
  return push_iterator(L, "next_chunk");
}

int l_stream_events(lua_State* L) {
  check_stream(L, 1);
  lua_settop(L, 1);
  return push_iterator(L, "next_event");
}

// Collects what a server says instead of events.
class Refusal : public std::enable_shared_from_this<Refusal> {
 public:
  Refusal(std::shared_ptr<core::HttpStream> stream, script::Waiter waiter)
      : stream_(std::move(stream)), waiter_(std::move(waiter)) {
    response_.status = stream_->status;
    response_.url = stream_->url;
  }
  void read() {
    stream_->read([self = shared_from_this()](core::Result<Piece> piece) {
      if (piece && *piece) self->response_.body += **piece;
      if (piece && *piece && self->response_.body.size() < kEnough) return self->read();
      self->stream_->close();
      self->waiter_.finish(
          [error = core::status_error(self->response_)](lua_State* to) { return script::fail(to, error); });
    });
  }

 private:
  static constexpr std::size_t kEnough = 64 * 1024;
  std::shared_ptr<core::HttpStream> stream_;
  script::Waiter waiter_;
  core::HttpResponse response_;
};

int l_events(lua_State* L) {
  auto request = stream_request(L, "http.events");
  if (!core::find_header(request.headers, "accept"))
    request.headers.emplace_back("Accept", "text/event-stream");
  return script::await(L, [&](script::Waiter waiter) {
    return waiter.world().http->open(std::move(request),
                                     [waiter](core::Result<std::shared_ptr<core::HttpStream>> stream) {
                                       if (stream && (*stream)->status >= 300)
                                         return std::make_shared<Refusal>(*stream, waiter)->read();
                                       auto kept = std::make_shared<decltype(stream)>(std::move(stream));
                                       waiter.finish([kept](lua_State* to) {
                                         if (!*kept) return script::fail(to, kept->error());
                                         push_stream(to, **kept);
                                         return push_iterator(to, "next_event");
                                       });
                                     });
  });
}

// -- streams ----------------------------------------------------------------------------------------------

int l_close(lua_State* L) {
  check_stream(L, 1)->close();
  return 0;
}

int l_tostring(lua_State* L) {
  const auto& stream = check_stream(L, 1);
  lua_pushfstring(L, "http stream %s (%s)", stream->http->url.c_str(),
                  stream->handle != 0 ? "open" : "ended");
  return 1;
}

// `status`, `headers` and `url` are fields; everything else is a method. Upvalue 1 is the table of methods.
int l_index(lua_State* L) {
  const auto& http = check_stream(L, 1)->http;
  const std::string key = script::check_string(L, 2);
  if (key == "status") {
    lua_pushinteger(L, http->status);
  } else if (key == "url") {
    script::push_text(L, http->url);
  } else if (key == "headers") {
    script::push(L, header_table(http->headers));
  } else {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
  }
  return 1;
}

int l_proxy(lua_State* L) {
  const auto url = core::parse_url(script::check_string(L, 1));
  if (!url) return script::fail(L, url.error());
  const auto& env = *script::world(L).env;
  auto proxy = core::proxy_from_env(*url, [&env](const std::string& name) { return env.get(name); });
  if (!proxy) return script::fail(L, proxy.error());
  if (!*proxy) return 0;
  const std::string text = (*proxy)->origin();
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

constexpr script::Function kMethods[] = {
    {"read", script::guard<l_read>, script::kWaits}, {"chunks", script::guard<l_chunks>},
    {"events", script::guard<l_stream_events>},      {"close", script::guard<l_close>},
    {"__tostring", script::guard<l_tostring>},       {"__gc", script::guard<collect_stream>},
};

constexpr script::Function kIterators[] = {
    {"next_chunk", script::guard<l_next_chunk>, script::kWaits},
    {"next_event", script::guard<l_next_event>, script::kWaits},
};

constexpr script::Function kFunctions[] = {
    {"get", script::guard<l_get>, script::kWaits},         {"post", script::guard<l_post>, script::kWaits},
    {"request", script::guard<l_request>, script::kWaits}, {"open", script::guard<l_open>, script::kWaits},
    {"events", script::guard<l_events>, script::kWaits},   {"proxy", script::guard<l_proxy>},
};

}  // namespace

int open_http(lua_State* L) {
  script::metatable(L, kStream, kMethods);
  script::module(L, kStream, kIterators);
  lua_setfield(L, -2, "iterators");
  lua_getfield(L, -1, "__index");
  lua_pushcclosure(L, script::guard<l_index>, 1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  return script::module(L, "host.http", kFunctions);
}

}  // namespace bind
