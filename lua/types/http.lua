---@meta host.http

---HTTP/1.1 and HTTPS. Any status is an answer; errors are what kept an answer from coming. Connections are kept for
---the next request. Proxies come from HTTP_PROXY, HTTPS_PROXY and NO_PROXY (never used for localhost). Compression is
---not asked for.
---@class host.http
local http = {}

---@class host.http.Options
---@field headers? table<string, string>
---@field body? string
---@field json? any Sent as JSON, with its Content-Type
---@field token? string Sent as bearer token to this scheme, host and port only; hidden in logs from then on
---@field timeout_s? number Until the whole answer is there (of a stream: its head); 30, 0 for ever
---@field connect_timeout_s? number Of it at most so much until a connection stands; 10
---@field redirects? integer To follow at most; 10. With 0 the redirecting answer is returned
---@field max_body_bytes? number A longer body is an error; 67108864
---@field ca_file? string PEM file with the authorities to trust instead of the system's
---@field cert_file? string PEM client certificate, together with `key_file`
---@field key_file? string
---@field insecure? boolean Accept any certificate
---@field proxy? string URL of a proxy, "" for none; instead of the environment's
---@field unix_socket? string Connect to this socket instead of the URL's host and port

---@class host.http.StreamOptions: host.http.Options
---@field method? string "GET" unless given
---@field idle_timeout_s? number Longest silence within the body; 60, 0 for ever

---@class host.http.Response
---@field status integer
---@field headers table<string, string> Names in lower case
---@field body string
---@field url string After redirects, without user and password
---@field seconds number From the call to the last byte

---An answer whose body is read as it comes. It holds a connection until it has ended or is closed.
---@class host.http.Stream
---@field status integer
---@field headers table<string, string> Names in lower case
---@field url string
local Stream = {}

---Asks and waits for the whole answer.
---@async
---@param url string `http://` or `https://`; a user and password in it are sent but never shown
---@param opts? host.http.Options
---@return host.http.Response? response
---@return bench.Error? err `unreachable`, `timeout`, `denied` (by a proxy) or `invalid`, with `url` and `reason`: dns, refused, reset, closed, connect, tls, proxy, protocol, redirect, too_large, url, file, response or body
function http.get(url, opts) end

---The same as POST; give `body` or `json`.
---@async
---@param url string
---@param opts? host.http.Options
---@return host.http.Response? response
---@return bench.Error? err as for `get`
function http.post(url, opts) end

---The same with any method.
---@async
---@param method string
---@param url string
---@param opts? host.http.Options
---@return host.http.Response? response
---@return bench.Error? err as for `get`
function http.request(method, url, opts) end

---The proxy that a request to `url` goes through by the variables HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY
---(also in lower case), without its credentials. Loopback addresses have none.
---@param url string
---@return string? proxy `http://HOST:PORT`; nil for none
---@return bench.Error? err `invalid`: the URL, or what the variable holds
function http.proxy(url) end

---Asks and waits for the head of the answer only; the body is read from the stream.
---@async
---@param url string
---@param opts? host.http.StreamOptions
---@return host.http.Stream? stream
---@return bench.Error? err as for `get`
function http.open(url, opts) end

---Server-sent events: `for event in assert(http.events(url)) do print(event.data) end`. A stream that breaks raises
---its error in the loop. When leaving the loop early, close the stream, the second result.
---@async
---@param url string
---@param opts? host.http.StreamOptions
---@return (async fun(): { event: string, data: string, id?: string, retry_s?: number }?)? next Or nil
---@return host.http.Stream|bench.Error stream Or the error: as for `get`, and for a status of 300 or more `denied`, `not_found`, `unreachable` or `invalid` with `status` and `body`
function http.events(url, opts) end

---The next piece of the body as it came; nil at its end.
---@async
---@return string? piece
---@return bench.Error? err as for `http.get`
function Stream:read() end

---`for chunk in stream:chunks() do`: the pieces of the body as they come. A stream that breaks raises its error.
---@return async fun(): string? next
---@return host.http.Stream stream
function Stream:chunks() end

---`for event in stream:events() do`: its server-sent events. A stream that breaks raises its error.
---@return async fun(): { event: string, data: string, id?: string, retry_s?: number }? next
---@return host.http.Stream stream
function Stream:events() end

---Gives the connection up. Not needed when the body was read to its end.
function Stream:close() end

return http
