// Recorded HTTP exchanges, played back in tests.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/http.hpp"
#include "core/value.hpp"

namespace core {

/// One recorded request and its answer. In a file:
///
///     requests:
///       - url: http://x:8000/v1/models
///         json: {data: [{id: m}]}           # or `body: text`, or `chunks: [one, two]`
///         seconds: 0.2                      # until the head
///       - method: POST
///         url: http://x:8000/v1/*           # with `glob`, * and ? match
///         glob: true
///         sent: {model: m}                  # these members must be in the JSON body; a text must be equal
///         status: 503
///         repeat: true                      # may be asked again until the next one is asked
///
/// Other keys: `headers` (a map), `between_s` (before each chunk), `error` (code, message, hint, reason: the
/// answer never came), `breaks` (the same, after the last chunk).
struct RecordedRequest {
  std::string method = "GET", url;
  bool glob = false, repeat = false;
  std::optional<Value> sent;
  int status = 200;
  HttpHeaders headers;
  std::vector<std::string> chunks;
  double seconds = 0, between_s = 0;
  std::optional<Error> error, breaks;
};

struct HttpTranscript {
  std::string name;  ///< for messages: mostly the file
  bool any_order = false;
  std::vector<RecordedRequest> requests;
};

/// Reads the list `requests` and `any_order` of a tree; unknown keys of a request and wrong types are
/// `invalid`, with the nearest known key.
Result<HttpTranscript> read_http_transcript(const Value& tree, const std::string& name);

/// Plays a transcript back: each request must be the next recorded one (or any unused one with `any_order`).
/// Any other gets `invalid`, with what was expected. Answers take their seconds of the world's clock.
class ReplayHttp : public Http {
 public:
  ReplayHttp(World& world, HttpTranscript transcript);

  Cancel open(HttpRequest request, Callback<std::shared_ptr<HttpStream>> done) override;
  /// Recorded requests that nobody asked.
  std::vector<std::string> unused() const;

 protected:
  std::shared_ptr<Clock> clock() override;

 private:
  const RecordedRequest* find(const HttpRequest& request);
  Error mismatch(const HttpRequest& request) const;

  World& world_;
  HttpTranscript transcript_;
  std::vector<int> uses_;
  std::size_t next_ = 0;
};

}  // namespace core
