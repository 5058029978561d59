local probe = require "host.probe"
local sim = require "host.sim"
local t = require "bench.test"
local task = require "host.task"

local function server(opts)
  opts = opts or {}
  opts.host, opts.port, opts.threads, opts.model = "127.0.0.1", 0, 1, opts.model or "m"
  local running = t.ok(sim.start(opts))
  t.cleanup(function() running:stop() end)
  return running
end

t.describe("probe, on the simulator", function()
  t.it("finds it healthy, its models, an answer, tokens and metrics", function()
    local url = server({ model = "acme/one" }).url
    t.eq(1, t.ok(probe.health(url)).attempts)
    t.eq({ "acme/one" }, probe.models(url))
    t.eq({ "acme/one" }, probe.models(url .. "/v1/", { expect = "acme/one" }))
    local details = t.ok(probe.models(url, { details = true }))
    t.eq("acme/one", details[1].id)
    t.ok(details[1].max_model_len > 0)
    local answer = t.ok(probe.completion(url, { model = "acme/one" }))
    t.eq("completions", answer.api)
    t.ok(#answer.text > 0)
    t.ok(answer.usage.completion_tokens > 0)
    t.eq("chat", t.ok(probe.completion(url, { model = "acme/one", api = "chat" })).api)
    local tokens = t.ok(probe.tokenize(url, "one two three", { model = "acme/one" }))
    t.eq(tokens.count, #tokens.ids)
    t.ok(tokens.count > 0)
    t.contains("vllm:", t.ok(probe.metrics(url)))
  end)

  t.it("suggests the nearest name for a wrong model", function()
    local url = server({ model = "acme/one" }).url
    local err = t.fails("not_found", probe.models(url, { expect = "acme/onne" }))
    t.eq("model", err.reason)
    t.contains("did you mean 'acme/one'", err.message)
    err = t.fails("not_found", probe.completion(url, { model = "acme/onne" }))
    t.contains("did you mean 'acme/one'", err.message)
  end)
end)

t.describe("probe.health", function()
  t.it("waits until the path answers", function()
    local refused = { url = "http://x/ready", error = { message = "no", reason = "refused" } }
    t.replay { requests = { refused, { url = "http://x/ready", status = 503 }, { url = "http://x/ready" } } }
    local health = t.ok(probe.health("http://x", { path = "/ready", interval_s = 10 }))
    t.eq({ attempts = 3, seconds = 20 }, health)
  end)

  t.it("tells what kept it from being ready", function()
    t.replay { requests = { { url = "http://x/health", status = 503, body = "loading", ["repeat"] = true } } }
    local err = t.fails("timeout", probe.health("http://x/", { timeout_s = 60, interval_s = 7 }))
    t.contains("status 503: loading", err.message)
    t.eq({ 60, 9, "status" }, { err.after_s, err.attempts, err.last_reason })
  end)

  t.it("does not wait for what will not come", function()
    t.fails("invalid", probe.health "x:80")
    t.replay { requests = { { url = "http://x/health", status = 401 } } }
    t.fails("denied", probe.health "http://x")
  end)

  t.it("fails at once when the server dies", function()
    t.replay { requests = { { url = "http://x/health", error = { reason = "refused" }, ["repeat"] = true } } }
    local asked = 0
    local function alive()
      asked = asked + 1
      if asked > 3 then return nil, { code = "exit", message = "died", exit_code = 3 } end
      return true
    end
    local err = t.fails("exit", probe.health("http://x", { interval_s = 60, while_alive = alive }))
    t.eq({ "died", 3 }, { err.message, err.exit_code })
    err = t.fails("exit", probe.health("http://x", { while_alive = function() return false end }))
    t.contains("ended before it was ready", err.message)
    err = t.fails("invalid", probe.health("http://x", { while_alive = function() error "oops" end }))
    t.contains("oops", err.message)
    err = t.fails("invalid", probe.health("http://x", { while_alive = function() task.sleep(1) end }))
    t.contains("wait", err.message)
    t.raises(function() probe.health("http://x", { while_alive = 1 }) end, "must be a function")
  end)

  t.it("ends with its task", function()
    t.replay { requests = { { url = "http://x/health", status = 500, ["repeat"] = true } } }
    local waiting = task.spawn(function() return probe.health "http://x" end)
    task.sleep(3.5)
    waiting:cancel()
    t.fails("cancelled", waiting:join())
  end)
end)

t.describe("probe, on servers that are something else", function()
  local function models(answer)
    answer.url = "http://x/v1/models"
    t.replay { requests = { answer } }
    return probe.models "http://x"
  end

  t.it("tells answers of another kind apart", function()
    t.eq("not_json", t.fails("invalid", models { body = "<html>" }).reason)
    t.eq("shape", t.fails("invalid", models { json = { 1 } }).reason)
    t.eq("shape", t.fails("invalid", models { json = { models = 1 } }).reason)
    t.eq("no_models", t.fails("not_found", models { json = { data = {} } }).reason)
    t.eq(403, t.fails("denied", models { status = 403, json = { error = "no" } }).status)
    t.fails("not_found", models { status = 404 })
    local busy = t.fails("unreachable", models { status = 500, json = { error = { message = "on fire" } } })
    t.contains("on fire", busy.message)
    t.eq("tls", t.fails("unreachable", models { error = { reason = "tls" } }).reason)
  end)

  t.it("takes chat where completions are missing", function()
    t.replay {
      requests = {
        { method = "POST", url = "http://x/v1/completions", status = 404 },
        {
          method = "POST",
          url = "http://x/v1/chat/completions",
          sent = { model = "m", messages = { { role = "user", content = "hi" } } },
          json = { choices = { { message = { content = "hello" } } } },
        },
      },
    }
    local answer = t.ok(probe.completion("http://x", { model = "m", prompt = "hi" }))
    t.eq({ "chat", "hello" }, { answer.api, answer.text })
  end)

  t.it("wants text in the answer", function()
    local empty = { choices = { { text = "" } } }
    t.replay { requests = { { method = "POST", url = "http://x/v1/completions", json = empty } } }
    t.eq("empty", t.fails("invalid", probe.completion("http://x", { model = "m" })).reason)
    t.raises(function() probe.completion "http://x" end, "'model' is needed")
  end)

  t.it("speaks llama.cpp's dialect of tokenize", function()
    local llama = { method = "POST", url = "http://x/tokenize", sent = { content = "hi" } }
    llama.json = { tokens = { { id = 5, piece = "h" }, { id = 6, piece = "i" } } }
    t.replay { requests = { { method = "POST", url = "http://x/tokenize", json = { tokens = {} } }, llama } }
    t.eq({ count = 2, ids = { 5, 6 } }, probe.tokenize("http://x", "hi"))
  end)
end)
