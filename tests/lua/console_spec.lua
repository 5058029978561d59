local t = require "bench.test"
local console = require "bench.console"

t.describe("console.compile", function()
  t.it("takes an expression, a statement, and asks for more when a block is open", function()
    local environment = console.environment()
    t.eq(3, console.compile("1 + 2", environment)())
    console.compile("x = 5", environment)()
    t.eq(5, console.compile("x", environment)())
    local chunk, problem, incomplete = console.compile("for i = 1, 2 do", environment)
    t.eq(nil, chunk)
    t.match("near '<eof>'", problem)
    t.eq(true, incomplete)
    local _, _, wrong = console.compile("1 +* 2", environment)
    t.eq(false, wrong)
  end)

  t.it("asks for more only where more could help", function()
    local environment = console.environment()
    local function incomplete(text) return select(3, console.compile(text, environment)) end
    for _, text in ipairs { "1 +", "= 1 +", "x = 1 +", "f(function()", "x = [[long", "if x then" } do
      t.eq(true, incomplete(text), text)
    end
    for _, text in ipairs { "end", "print(2) end", "x = 'open", "print('open", "1 2", "x = = 1" } do
      t.eq(false, incomplete(text), text)
    end
    t.eq(3, console.compile("1 +\n2 -- sum", environment)())
    t.raises(console.compile("nope.x", environment), "^repl:1: attempt to index global 'nope'")
  end)

  t.it("keeps the session's names out of the globals", function()
    local environment = console.environment()
    console.compile("leaked_name = 1", environment)()
    t.eq(nil, rawget(_G, "leaked_name"))
  end)
end)

t.describe("console.complete", function()
  t.it("completes modules, their fields, Lua's own names, and names of the session", function()
    local environment = console.environment()
    t.eq({ "json" }, console.complete("jso", environment))
    t.eq({ "json.decode" }, console.complete("x = json.dec", environment))
    t.eq({ "string.format" }, console.complete("string.form", environment))
    console.compile("session_name = { alpha = 1, beta = 2 }", environment)()
    t.eq({ "session_name.alpha", "session_name.beta" }, console.complete("print(session_name.", environment))
    t.eq({}, console.complete("nothing.here.", environment))
  end)

  t.it("completes the methods of a live object", function()
    local environment = console.environment()
    environment.job = require("host.task").spawn(function() end)
    t.eq({ "job:cancel" }, console.complete("job:can", environment))
    environment.job:join()
  end)
end)

t.describe("console.format", function()
  t.it("prints data as a readable block in the order it came in", function()
    local value = require("host.json").decode '{"b": 1, "a": ["x", "y"], "deep": {"k": "v: w"}, "e": []}'
    t.eq('b: 1\na: { "x", "y" }\ndeep:\n  k: "v: w"\ne: {}', console.format(value))
    t.eq("text", console.format "text")
    t.eq("nil", console.format(nil))
  end)

  t.it("survives a table that contains itself", function()
    local value = { name = "x" }
    value.me = value
    t.match("me: <cycle>", console.format(value))
  end)
end)

t.describe("help", function()
  local help = require "bench.help"

  t.it("knows functions by value and by name", function()
    local text = help.text(require("host.json").decode)
    t.contains("json.decode(text, opts?)", text)
    t.contains("-> any", text)
    t.eq(text, help.text "json.decode")
    t.eq(text, help.text "host.json.decode")
  end)

  t.it("lists the fields of options, with those that they have from others", function()
    t.match("opts%?: host%.exec%.Options.*\n      timeout_s%?: number", help.text(require("host.exec").run))
    local text = help.text "host.exec.StartOptions"
    t.match("^host%.exec%.StartOptions\n", text)
    t.contains("keep_stdin?: boolean", text)
    t.contains("timeout_s?: number", text)
    t.eq(text, help.text "exec.StartOptions")
  end)

  t.it("knows modules and the overview", function()
    t.contains("json.encode", help.text(require "host.json"))
    t.contains("json ", help.text())
  end)

  t.it("says so when there is nothing", function() t.contains("no documentation for 'nonsense'", help.text "nonsense") end)
end)
