// The simulated OpenAI-compatible server, as one object.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/error.hpp"
#include "core/sim/options.hpp"
#include "core/value.hpp"

namespace core::sim {

struct Shared;

/// Listens and answers from the moment it exists until `stop` or its end, on threads of its own. Its
/// functions may be called from any thread.
class Server {
 public:
  struct Surroundings {
    Environment environment;                      // POD_NAME, POD_NAMESPACE, VLLM_SERVER_DEV_MODE
    std::function<void(const std::string&)> log;  // one line; called from any thread. Default: standard error
  };

  /// Errors: `conflict` (port taken), `denied`, `not_found` (host, files), `invalid`.
  static Result<std::unique_ptr<Server>> start(const Options& options, const Surroundings& surroundings = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  /// Base URL without `/v1`; a server that listens on every address names the loopback one.
  std::string url() const;
  /// Numbers since the start: `running waiting open_connections http_requests http_errors prompt_tokens
  /// generation_tokens cache_queries cache_hits finished_stop finished_length finished_remote_decode
  /// finished_abort uptime_s`, and `truth_problem` if the truth log cannot be written.
  Value stats() const;
  /// Returns when every finished request is in the truth log's file.
  void flush_truth();
  /// Ends answers in progress with an error, closes everything and waits for the threads. Harmless when
  /// repeated.
  void stop();

 private:
  explicit Server(std::unique_ptr<Shared> shared);

  std::unique_ptr<Shared> shared_;
};

}  // namespace core::sim
