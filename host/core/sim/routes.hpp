// The endpoints.
#pragma once

namespace core::sim {

class Worker;
class Client;
struct HttpRequest;

/// Answers a request, or starts an exchange that will.
void handle_request(Worker& worker, Client& client, const HttpRequest& request);

}  // namespace core::sim
