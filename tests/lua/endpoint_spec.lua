local t = require "bench.test"
local endpoint = require "bench.endpoint"
local sim = require "host.sim"

local function context(changes)
  local ctx = { harness = "native", workload = "p.yaml", namespace = "ns", spec = { name = "local/x" },
    log = { warn = function() end } }
  for key, value in pairs(changes or {}) do ctx[key] = value end
  return ctx
end

local function stack(url)
  return { name = "web", method = "url", url = url, model = { name = "org/m" },
    endpoint = url and { url = url, urls = { url } } }
end

t.describe("bench.endpoint", function()
  t.it("tells URLs from what is none", function()
    for _, url in ipairs { "http://h", "https://h:1/v1/", "HTTP://[::1]:8000", "http://10.0.0.1:65535" } do
      t.eq(nil, endpoint.check_url(url), url)
    end
    for _, url in ipairs { "foo", "h:80", "ftp://h", "http://", "http://h:0", "http://h:65536", "http://h:x", "http://u:p@h" } do
      t.eq("invalid", endpoint.check_url(url).code, url)
    end
  end)

  t.it("takes a given URL as it is, else asks the method", function()
    local one = stack "http://h:2"
    t.ok(endpoint.detect(context { url = "http://h:1", access = { token = "tok" } }, one))
    t.eq({ "http://h:1", "tok" }, { one.endpoint.url, one.endpoint.token })
    t.ok(endpoint.detect(context(), one))
    t.eq("http://h:2", one.endpoint.url)
  end)

  t.it("explains a stack that does not stand, and accepts it in a dry run", function()
    local none = { name = "web", method = "local", model = { name = "m" } }
    local ctx = context { namespace = "no-such-namespace-for-specs" }
    t.contains("run standup first", t.fails("not_found", endpoint.detect(ctx, none)).hint)
    ctx.dry_run = true
    t.match("^none yet", t.ok(endpoint.detect(ctx, none)).message)
    none.method = "modelservice"
    ctx.dry_run = false
    t.contains("not part of this version", t.fails("not_found", endpoint.detect(ctx, none)).message)
  end)

  t.it("warns that only the first of several servers is measured", function()
    local told
    local several = stack "http://h:1"
    package.loaded["bench.methods.url"] = nil
    local methods = require "bench.methods.url"
    local kept = methods.endpoint
    t.cleanup(function() methods.endpoint = kept end)
    methods.endpoint = function() return { url = "http://h:1", urls = { "http://h:1", "http://h:2" } } end
    t.ok(endpoint.detect(context { log = { warn = function(text) told = text end } }, several))
    t.contains("http://h:1 is measured", told)
  end)

  t.it("warns of flags about certificates where there are none", function()
    local told = {}
    local ctx = context { log = { warn = function(text) told[#told + 1] = text end },
      opts = { sources = { ca_file = "--ca_file" } }, access = { ca_file = "/ca.pem", insecure = true } }
    t.ok(endpoint.detect(ctx, stack "https://h:1"))
    t.eq({}, told)
    t.ok(endpoint.detect(ctx, stack "http://h:1"))
    t.eq({ "--ca-file says nothing for http://h:1: only https has certificates" }, told)
  end)

  t.it("verifies that the model is served", function()
    local server = t.ok(sim.start { model = "org/m", port = 0 })
    t.cleanup(function() server:stop() end)
    t.ok(endpoint.verify(context(), stack(server.url)))
    local other = stack(server.url)
    other.model.name = "org/n"
    local err = t.fails("not_found", endpoint.verify(context(), other))
    t.contains("--model", err.hint)
    t.ok(endpoint.verify(context { dry_run = true }, stack "http://127.0.0.1:1"))
  end)

  t.it("says that nobody answers, after asking again", function()
    t.virtual_clock()
    t.fails("unreachable", endpoint.verify(context(), stack "http://127.0.0.1:1"))
  end)

  t.it("lists endpoints as a table and as commands to paste", function()
    local ctx = context { stacks = { stack "http://h:1", { name = "other", model = { name = "m" } } } }
    t.eq({
      "STACK  MODEL  ENDPOINT URL",
      "-----  -----  --------------",
      "web    org/m  http://h:1",
      "other  m      <not detected>",
      "",
      "# web - org/m",
      "llmdbenchmark --spec local/x run \\\n  --namespace ns \\\n"
        .. "  --endpoint-url http://h:1 \\\n  --model org/m \\\n  -l native -w p.yaml",
    }, endpoint.listing(ctx))
    t.eq("http://h:1", endpoint.rows(ctx)[1].url)
  end)

  t.it("lists every server of a stack", function()
    local several = stack "http://h:1"
    several.endpoint.urls = { "http://h:1", "http://h:2" }
    local lines = table.concat(endpoint.listing(context { stacks = { several } }), "\n")
    t.contains("web    org/m  http://h:2", lines)
    t.contains("--endpoint-url http://h:2", lines)
  end)

  t.it("lists an endpoint that has no specification and no namespace", function()
    local ctx = context { stacks = { stack "http://h:1" } }
    ctx.spec, ctx.namespace = nil, nil
    t.contains("llmdbenchmark run \\\n  --endpoint-url", table.concat(endpoint.listing(ctx), "\n"))
  end)

  t.it("gives the host's advice where https meets http", function()
    t.virtual_clock()
    local server = t.ok(sim.start { model = "org/m", port = 0 })
    t.cleanup(function() server:stop() end)
    local err = t.fails("unreachable", endpoint.verify(context(), stack((server.url:gsub("^http", "https")))))
    t.contains("try http://", err.hint)
  end)
end)
