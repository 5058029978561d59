local load = require "host.load"
local sim = require "host.sim"
local t = require "bench.test"
local tokenizer = require "bench.tokenizer"

local function endpoint(opts)
  opts = opts or {}
  opts.model, opts.port = "m", 0
  local server = assert(sim.start(opts))
  t.cleanup(function() server:stop() end)
  return { url = server.url, model = "m" }
end

t.describe("tokenizer.count", function()
  t.it("asks the server, with or without /v1 in the URL", function()
    local server = endpoint()
    local count = t.ok(tokenizer.count(server, "the quick brown fox"))
    t.ok(count >= 4)
    server.url = server.url .. "/v1/"
    t.eq(count, tokenizer.count(server, "the quick brown fox"))
  end)

  t.it("says when the server cannot", function()
    local server = endpoint()
    server.url = server.url .. "/elsewhere"
    t.contains("/elsewhere/tokenize answers 404", t.fails("not_found", tokenizer.count(server, "x")).message)
  end)
end)

t.describe("tokenizer.calibrate", function()
  t.it("finds words that make texts of exact length", function()
    local server = endpoint()
    local calibrated = t.ok(tokenizer.calibrate(server, load.words()))
    t.ok(#calibrated.words > 100)
    for _, length in ipairs { 1, 2, 50, 300 } do
      local words = { calibrated.first_words[1] }
      for i = 2, length do words[i] = calibrated.words[i % #calibrated.words + 1] end
      t.eq(length, tokenizer.count(server, table.concat(words, " ")))
    end
  end)

  t.it("keeps out words that are several tokens", function()
    local server = endpoint()
    local candidates = { unpack(load.words()) }
    table.insert(candidates, 50, "two words")
    local calibrated = t.ok(tokenizer.calibrate(server, candidates))
    t.eq(#load.words(), #calibrated.words)
  end)

  t.it("gives up on a server without the call", function()
    local server = endpoint()
    server.url = server.url .. "/elsewhere"
    t.fails("not_found", tokenizer.calibrate(server, load.words()))
  end)
end)
