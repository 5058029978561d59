local env = require "host.env"
local http = require "host.http"
local json = require "host.json"
local sim = require "host.sim"
local t = require "bench.test"
local task = require "host.task"

local function server()
  local running = t.ok(sim.start { host = "127.0.0.1", port = 0, threads = 1, model = "m" })
  t.cleanup(function() running:stop() end)
  return running
end

local function completion(stream) return { model = "m", prompt = "hello", max_tokens = 3, ignore_eos = true, stream = stream } end

t.describe("http.get and http.post", function()
  t.it("ask a server and give its answer", function()
    local url = server().url
    local response = t.ok(http.get(url .. "/v1/models"))
    t.eq(200, response.status)
    t.contains("application/json", response.headers["content-type"])
    t.eq("m", json.decode(response.body).data[1].id)
    t.eq(url .. "/v1/models", response.url)
    t.ok(response.seconds >= 0)
    local answer = t.ok(http.post(url .. "/v1/completions", { json = completion() }))
    t.eq(3, json.decode(answer.body).usage.completion_tokens)
    t.eq(404, t.ok(http.request("GET", url .. "/nowhere")).status)
  end)

  t.it("go through the proxy that the environment names, if any", function()
    for _, name in ipairs { "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy",
      "NO_PROXY" } do
      local before = env.get(name)
      env.set(name, nil)
      t.cleanup(function() env.set(name, before) end)
    end
    t.eq(nil, http.proxy "http://server:8000")
    env.set("HTTP_PROXY", "http://user:canary@proxy:3128")
    env.set("NO_PROXY", "inside")
    t.eq("http://proxy:3128", http.proxy "http://server:8000")
    t.eq({ nil, nil, nil }, { http.proxy "http://inside:8000", http.proxy "http://127.0.0.1:1", http.proxy "https://server" })
    env.set("HTTP_PROXY", "socks://x")
    t.fails("invalid", http.proxy "http://server:8000")
  end)

  t.it("work while the clock is virtual", function()
    local running = server()
    t.virtual_clock()
    t.eq(200, t.ok(http.get(running.url .. "/health")).status)
  end)

  t.it("say why there is no answer", function()
    local err = t.fails("unreachable", http.get "http://127.0.0.1:1/x")
    t.eq({ "refused", "http://127.0.0.1:1/x" }, { err.reason, err.url })
    t.contains("is the server running", err.hint)
    t.fails("invalid", http.get "127.0.0.1:8000")
  end)

  t.it("refuse wrong arguments", function()
    t.raises(function() http.get("http://x", { timeout = 1 }) end, "did you mean 'timeout_s'")
    t.raises(function() http.post("http://x", { json = 1, body = "x" }) end, "not both")
    t.raises(function() http.get("http://x", { headers = { A = true } }) end, "must be a string")
    t.raises(function() http.get(nil) end, "expected a string")
  end)

  t.it("end when their task is cancelled", function()
    t.replay { requests = { { url = "http://x/slow", seconds = 20 } } }
    local waiting = task.spawn(function() return http.get "http://x/slow" end)
    task.sleep(1)
    waiting:cancel()
    t.fails("cancelled", waiting:join())
  end)
end)

t.describe("http.open", function()
  t.it("gives the head at once and the body in pieces", function()
    t.replay {
      requests = {
        { url = "http://x/log", headers = { ["X-A"] = "b" }, chunks = { "one", "two" }, between_s = 5 },
        { url = "http://x/log", chunks = { "half" }, breaks = { message = "gone", reason = "closed" }, ["repeat"] = true },
      },
    }
    local stream = t.ok(http.open "http://x/log")
    t.eq({ 200, "b", "http://x/log" }, { stream.status, stream.headers["x-a"], stream.url })
    local pieces = {}
    for chunk in stream:chunks() do
      pieces[#pieces + 1] = chunk
    end
    t.eq({ "one", "two" }, pieces)
    t.eq(nil, stream:read())
    local broken = t.ok(http.open "http://x/log")
    t.eq("half", broken:read())
    t.eq("closed", t.fails("unreachable", broken:read()).reason)
    t.raises(function()
      for _ in t.ok(http.open "http://x/log"):chunks() do end
    end, { code = "unreachable", message = "gone" })
  end)

  t.it("holds a handle until it is closed", function()
    local running = server()
    local before = #task.handles()
    local stream = t.ok(http.open(running.url .. "/metrics"))
    t.eq(before + 1, #task.handles())
    t.contains("(open)", tostring(stream))
    stream:close()
    stream:close()
    t.eq(before, #task.handles())
    t.eq(nil, stream:read())
  end)
end)

t.describe("http.events", function()
  t.it("gives the events of a streamed completion", function()
    local url = server().url .. "/v1/completions"
    local events = {}
    for event in assert(http.events(url, { method = "POST", json = completion(true) })) do
      events[#events + 1] = event
    end
    t.eq("[DONE]", events[#events].data)
    t.eq("message", events[1].event)
    t.eq("m", json.decode(events[1].data).model)
  end)

  t.it("can be left early", function()
    local url = server().url .. "/v1/completions"
    local opts = { method = "POST", json = { model = "m", prompt = "x", max_tokens = 50, stream = true } }
    local events, stream = http.events(url, opts)
    t.ok(t.ok(events)(stream))
    stream:close()
  end)

  t.it("turns a bad status into an error with what the server said", function()
    local err = t.fails("not_found", http.events(server().url .. "/nowhere"))
    t.eq(404, err.status)
    t.ok(err.body)
  end)
end)
