#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "core/env.hpp"
#include "core/http.hpp"
#include "core/http/operation.hpp"
#include "core/http/proxy.hpp"
#include "core/http/real_stream.hpp"
#include "core/http/wire.hpp"

namespace core {

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using net::Io;
using Event = net::HttpParser::Event;

Result<net::Fd> connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return Error{"invalid", "the socket path " + path + " is too long", "use a shorter path"};
  std::memcpy(address.sun_path, path.data(), path.size());
  net::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const bool missing = errno == ENOENT || errno == ECONNREFUSED;
    return Error{"unreachable", "cannot connect to the socket " + path + ": " + std::strerror(errno),
                 "is the server running, and is this its socket?"}
        .with("reason", missing ? "refused" : "connect")
        .with("file", path);
  }
  return fd;
}

/// One `open`: dials, asks, follows redirects.
class OpenOperation : public Operation {
 public:
  OpenOperation(std::shared_ptr<Shared> shared, HttpRequest request,
                Callback<std::shared_ptr<HttpStream>> done)
      : Operation(std::move(shared)), request_(std::move(request)), done_(std::move(done)) {
    auto parsed = parse_url(request_.url);
    if (parsed) {
      url_ = std::move(*parsed);
    } else {
      stop(std::move(parsed).error().with("reason", "url"));
    }
  }

  awaitable<void> run() {
    Result<std::shared_ptr<RealStream>> stream = co_await answer();
    if (disarm_) disarm_();
    if (!stream) {
      done_(std::move(stream).error());
      co_return;
    }
    done_(std::shared_ptr<HttpStream>(std::move(*stream)));
  }

  void arm() {
    if (request_.timeout_s <= 0) return;
    disarm_ = shared_->world.clock->call_after(request_.timeout_s, [weak = weak_from_this(), this] {
      const auto self = weak.lock();
      if (self) stop(timeout_error(url_, "response", "no answer came", request_.timeout_s));
    });
  }

  void cancel() { stop(cancelled_error(url_)); }

 private:
  using Stream = Result<std::shared_ptr<RealStream>>;

  // -- redirects ------------------------------------------------------------------------------------
  awaitable<Stream> answer() {
    if (stopped_) co_return *stopped_;
    const std::string home = url_.origin();
    for (int hops = 0;; ++hops) {
      auto route = find_route();
      if (!route) co_return std::move(route).error();
      Stream stream = co_await exchange(*route, url_.origin() == home);
      if (!stream || request_.redirects <= 0) co_return stream;
      const auto location = redirection(**stream);
      if (!location) co_return stream;
      if (hops == request_.redirects)
        co_return http_error(
            url_, "redirect",
            "more than " + std::to_string(hops) + " redirects, the last one from " + url_.text(),
            "the server may redirect in a circle");
      auto next = resolve_url(url_, *location);
      if (!next) co_return std::move(next).error().with("reason", "redirect");
      follow((*stream)->status, std::move(*next));
    }
  }

  static std::optional<std::string> redirection(const HttpStream& stream) {
    const int s = stream.status;
    if (s != 301 && s != 302 && s != 303 && s != 307 && s != 308) return {};
    return find_header(stream.headers, "location");
  }

  void follow(int status, Url next) {
    url_ = std::move(next);
    const bool becomes_get = (status == 303 && request_.method != "HEAD") ||
                             ((status == 301 || status == 302) && request_.method == "POST");
    if (!becomes_get) return;
    request_.method = "GET";
    request_.body.clear();
    std::erase_if(request_.headers, [](const auto& h) { return net::same_token(h.first, "content-type"); });
  }

  // -- route ----------------------------------------------------------------------------------------
  Result<Route> find_route() {
    Route route;
    route.url = url_;
    route.unix_socket = request_.unix_socket;
    if (!route.unix_socket.empty()) return route;
    const auto& env = shared_->world.env;
    const auto lookup = [&env](const std::string& name) { return env->get(name); };
    auto proxy = request_.proxy
                     ? parse_proxy(*request_.proxy, "the proxy '" + hide_userinfo(*request_.proxy) + "'")
                     : proxy_from_env(url_, lookup);
    if (!proxy) return std::move(proxy).error();
    route.proxy = std::move(*proxy);
    return route;
  }

  /// Requests with equal keys may use the same connection.
  std::string reuse_key(const Route& route) const {
    std::string key = route.url.origin() + '\n' + route.unix_socket + '\n';
    if (route.proxy)
      key = (route.url.https() ? key : "") + route.proxy->origin() + route.proxy->userinfo + '\n';
    if (!route.url.https()) return key;
    return key + request_.ca_file + '\n' + request_.cert_file + '\n' + request_.key_file + '\n' +
           (request_.insecure ? "insecure" : "");
  }

  Result<std::shared_ptr<net::TlsContext>> tls_context() {
    const net::TlsClientOptions options{request_.ca_file, request_.insecure, request_.cert_file,
                                        request_.key_file};
    const bool usual = options.ca_file.empty() && !options.insecure && options.cert_file.empty();
    if (usual && shared_->usual_tls) return shared_->usual_tls;
    auto made = net::TlsContext::client(options);
    if (!made) return std::move(made).error().with("url", url_.text()).with("reason", "file");
    if (usual) shared_->usual_tls = *made;
    return made;
  }

  // -- connection -------------------------------------------------------------------------------------
  using Dialled = Result<std::unique_ptr<Channel>>;

  double connect_time_left(std::int64_t started_ns) const {
    if (request_.connect_timeout_s <= 0) return 0;
    const double used = static_cast<double>(now_ns() - started_ns) * 1e-9;
    return std::max(request_.connect_timeout_s - used, 1e-9);
  }

  Error connect_timeout(const Url& to) const {
    return timeout_error(to, "connect", "no connection to " + to.host_and_port() + " came about",
                         request_.connect_timeout_s);
  }

  static Error proxy_unreachable(const Route& route, const Error& why) {
    return Error{
        why.code, "the proxy for " + route.url.text() + ": " + why.message,
        "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names this proxy; list hosts to reach without it in NO_PROXY"}
        .with("url", route.url.text())
        .with("reason", "proxy");
  }

  awaitable<Dialled> dial(const Route& route) {
    const auto started_ns = now_ns();
    Dialled dialled = dial_unix(route);
    if (route.unix_socket.empty()) dialled = co_await dial_tcp(route.first_hop(), started_ns);
    if (!dialled && route.proxy && !stopped_) co_return proxy_unreachable(route, dialled.error());
    if (!dialled) co_return dialled;
    Channel& channel = **dialled;
    const Phase phase(*this, connect_time_left(started_ns));
    if (route.tunnelled()) {
      auto opened = co_await open_tunnel(channel, route);
      if (!opened) co_return std::move(opened).error();
    }
    if (!route.url.https()) co_return dialled;
    auto context = tls_context();
    if (!context) co_return std::move(context).error();
    channel.connection().start_tls_client(*context, route.url.host);
    std::function<Io()> attempt = [&channel] { return channel.connection().handshake(); };
    const Io io = co_await drive(channel, attempt);
    if (io == Io::kOk) co_return dialled;
    if (stopped_) co_return *stopped_;
    if (overdue_) co_return connect_timeout(route.url);
    co_return connection_error(route.url, channel.connection().problem());
  }

  /// Null without a socket path.
  Dialled dial_unix(const Route& route) {
    if (route.unix_socket.empty()) return std::unique_ptr<Channel>();
    auto fd = connect_unix(route.unix_socket);
    if (!fd) return std::move(fd).error().with("url", route.url.text());
    auto channel = std::make_unique<Channel>(shared_->world.loop, std::move(*fd));
    channel->connection().handshake();
    return channel;
  }

  awaitable<Dialled> dial_tcp(const Url& to, std::int64_t started_ns) {
    auto addresses = co_await look_up(to, connect_time_left(started_ns));
    if (!addresses) co_return std::move(addresses).error();
    Error last = http_error(to, "dns", "the host '" + to.host + "' has no address", "check its DNS entry");
    for (std::size_t i = 0; i < addresses->size() && !stopped_; ++i) {
      const double share = connect_time_left(started_ns) / static_cast<double>(addresses->size() - i);
      Dialled dialled = co_await dial_address(to, (*addresses)[i], share);
      if (dialled) co_return dialled;
      last = std::move(dialled).error();
    }
    co_return stopped_ ? *stopped_ : last;
  }

  awaitable<Result<std::vector<net::Address>>> look_up(const Url& to, double seconds) {
    const Phase phase(*this, seconds);
    auto found = std::make_shared<std::optional<Result<std::vector<net::Address>>>>();
    std::function<void(Resume)> start = [this, &to, found](Resume resume) {
      shared_->resolver.resolve(to.host, to.port,
                                [found, resume](Result<std::vector<net::Address>> addresses) {
                                  *found = std::move(addresses);
                                  resume();
                                });
    };
    co_await suspend(start);
    if (stopped_) co_return *stopped_;
    if (!*found)
      co_return timeout_error(to, "dns", "the name '" + to.host + "' was not resolved",
                              request_.connect_timeout_s);
    if (!(*found)->ok()) co_return http_error(to, "dns", (*found)->error().message, (*found)->error().hint);
    co_return std::move(**found);
  }

  awaitable<Dialled> dial_address(const Url& to, const net::Address& address, double seconds) {
    auto fd = net::connect_tcp(address);
    if (!fd) co_return http_error(to, "connect", fd.error().message, fd.error().hint);
    auto channel = std::make_unique<Channel>(shared_->world.loop, std::move(*fd));
    const Phase phase(*this, seconds);
    Channel* raw = channel.get();
    std::function<Io()> attempt = [raw] { return raw->connection().handshake(); };
    const Io io = co_await drive(*raw, attempt);
    if (io == Io::kOk) co_return channel;
    if (stopped_) co_return *stopped_;
    if (overdue_) co_return connect_timeout(to);
    co_return connection_error(to, channel->connection().problem());
  }

  awaitable<Result<Done>> open_tunnel(Channel& channel, const Route& route) {
    const std::string text = connect_text(route);
    channel.connection().send(text);
    std::function<Io()> flush = [&channel] { return channel.connection().flush(); };
    Io io = co_await drive(channel, flush);
    net::HttpParser parser(net::HttpParser::Kind::kResponse);
    parser.expect_no_body();
    char block[1024];
    while (io == Io::kOk) {
      std::size_t got = 0;
      std::function<Io()> read = [&] { return channel.connection().read(block, sizeof block, got); };
      io = co_await drive(channel, read);
      std::string_view input(block, got);
      const Event event = parser.next(input);
      if (event == Event::kBad) break;
      if (event == Event::kHead) co_return check_tunnel(route, parser.head());
    }
    if (stopped_) co_return *stopped_;
    if (overdue_) co_return connect_timeout(*route.proxy);
    co_return http_error(route.url, "proxy", "the proxy " + route.proxy->origin() + " gave no proper answer",
                         "check HTTPS_PROXY");
  }

  static Result<Done> check_tunnel(const Route& route, const net::HttpHead& head) {
    if (head.status / 100 == 2) return Done{};
    const std::string what = "the proxy " + route.proxy->origin() + " refused a tunnel to " +
                             route.url.host_and_port() + " (status " + std::to_string(head.status) + ")";
    Error error = http_error(route.url, "proxy", what, "check HTTPS_PROXY, or add the host to NO_PROXY");
    if (head.status == 401 || head.status == 403 || head.status == 407) error.code = "denied";
    return std::move(error).with("status", head.status);
  }

  // -- exchange ---------------------------------------------------------------------------------------
  awaitable<Stream> exchange(const Route& route, bool credentials) {
    auto text = request_text(request_, route, credentials);
    if (!text) co_return std::move(text).error().with("url", route.url.text()).with("reason", "url");
    const bool repeatable = request_.method != "POST" && request_.method != "PATCH";
    const std::string key = reuse_key(route);
    for (bool fresh = false;; fresh = true) {
      auto stream = std::make_shared<RealStream>(shared_);
      stream->route = route;
      stream->reuse_key = key;
      stream->idle_timeout_s = request_.idle_timeout_s;
      if (!fresh) stream->channel = shared_->pool.take(key, now_ns());
      const bool reused = stream->channel != nullptr;
      if (!reused) {
        Dialled dialled = co_await dial(route);
        if (!dialled) co_return std::move(dialled).error();
        stream->channel = std::move(*dialled);
      }
      auto asked = co_await ask(*stream, *text);
      if (asked) co_return stream;
      const bool went_stale = reused && !stream->heard && repeatable && !stopped_;
      if (!went_stale) co_return std::move(asked).error();
    }
  }

  /// Sends the request and reads the head of the answer.
  awaitable<Result<Done>> ask(RealStream& stream, const std::string& text) {
    if (request_.method == "HEAD") stream.parser.expect_no_body();
    net::Connection& connection = stream.channel->connection();
    connection.send(text);
    std::function<Io()> flush = [&connection] { return connection.flush(); };
    const Io sent = co_await drive(*stream.channel, flush);
    if (stopped_) co_return *stopped_;
    if (sent != Io::kOk) stream.reuse_key.clear();  // an answer may be there nevertheless
    while (true) {
      std::function<Io()> read = [&stream] { return stream.read_more(); };
      const Io io = co_await drive(*stream.channel, read);
      if (stopped_) co_return *stopped_;
      if (io == Io::kFailed) co_return connection_error(stream.route.url, connection.problem());
      if (io == Io::kClosed) co_return closed_early(stream);
      const Event event = stream.parser.next(stream.rest);
      if (event == Event::kBad) co_return protocol_error(stream);
      if (event != Event::kHead) continue;
      take_head(stream);
      co_return Done{};
    }
  }

  static Error closed_early(const RealStream& stream) {
    const std::string url = stream.route.url.text();
    const std::string what = stream.heard ? " closed the connection in the middle of the answer's head"
                                          : " closed the connection without an answer";
    return http_error(stream.route.url, "closed", url + what, "see the server's log; is this an https port?");
  }

  static void take_head(RealStream& stream) {
    const net::HttpHead& head = stream.parser.head();
    stream.status = head.status;
    stream.url = stream.route.url.text();
    for (const auto& [name, value] : head.fields) stream.headers.emplace_back(name, value);
  }

  HttpRequest request_;
  Url url_;  // of the present hop
  Callback<std::shared_ptr<HttpStream>> done_;
  Cancel disarm_;
};

class RealHttp : public Http {
 public:
  explicit RealHttp(World& world) : shared_(std::make_shared<Shared>(world)) {}
  ~RealHttp() override {
    for (Operation* operation : std::set<Operation*>(shared_->live))
      if (shared_->live.count(operation)) operation->abandon();
    shared_->resolver.close();
  }

  Cancel open(HttpRequest request, Callback<std::shared_ptr<HttpStream>> done) override {
    auto operation = std::make_shared<OpenOperation>(shared_, std::move(request), std::move(done));
    operation->arm();
    asio::co_spawn(
        shared_->world.loop.context(), [operation] { return operation->run(); }, asio::detached);
    return [weak = std::weak_ptr(operation)] {
      if (auto self = weak.lock()) self->cancel();
    };
  }

 protected:
  std::shared_ptr<Clock> clock() override { return shared_->world.clock; }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace

std::shared_ptr<Http> make_real_http(World& world) { return std::make_shared<RealHttp>(world); }

}  // namespace core
