local t = require "bench.test"
local env = require "host.env"
local options = require "bench.options"

local function with_env(name, value)
  local before = env.get(name)
  env.set(name, value)
  t.cleanup(function() env.set(name, before) end)
end

local declared = {
  { "--namespace", "-p", env = "SPEC_NAMESPACE", help = "x" },
  { "--parallel", env = "SPEC_PARALLEL", type = "integer", minimum = 1, default = 4 },
  { "--rate", type = "number", maximum = 10 },
  { "--monitoring", env = "SPEC_MONITORING", type = "boolean" },
  { "--methods", type = "list" },
  { "--base-dir", type = "path" },
  { "--kubeconfig", env = { "SPEC_KUBECONFIG", "SPEC_KUBE2" } },
  { "--color", choices = { "auto", "always", "never" } },
  { "--api-key", env = "SPEC_KEY", type = "integer", secret = true },
}

declared[#declared + 1] = { "--even", env = "SPEC_EVEN", type = "integer", check = function(value)
  if value % 2 == 1 then return { code = "invalid", message = value .. " is odd", hint = "give an even number" } end
end }

local function resolve(flags) return t.ok(options.resolve(declared, flags or {})) end

local function refuses(flags, pattern)
  local value, err = options.resolve(declared, flags)
  t.match(pattern, t.fails("invalid", value, err).message)
end

t.describe("options.key", function()
  t.it("comes from the first long name unless given", function()
    t.eq("skip_smoketest", options.key { "--skip-smoketest", "-z" })
    t.eq("spec", options.key { "--specification_file", "--spec", key = "spec" })
  end)
end)

t.describe("options.resolve", function()
  t.it("asks an option's own check", function()
    t.eq(4, resolve({ even = "4" }).even)
    with_env("SPEC_EVEN", "5")
    local err = t.fails("invalid", options.resolve(declared, {}))
    t.eq({ "SPEC_EVEN: 5 is odd", "give an even number" }, { err.message, err.hint })
  end)

  t.it("prefers the flag to the environment to the default", function()
    with_env("SPEC_PARALLEL", "7")
    local values, sources = options.resolve(declared, { parallel = "9" })
    t.eq(9, values.parallel)
    t.eq("flag", sources.parallel)
    values, sources = options.resolve(declared, {})
    t.eq(7, values.parallel)
    t.eq("SPEC_PARALLEL", sources.parallel)
    with_env("SPEC_PARALLEL", nil)
    values, sources = options.resolve(declared, {})
    t.eq(4, values.parallel)
    t.eq("default", sources.parallel)
  end)

  t.it("leaves out what nobody gave", function()
    local values = resolve()
    t.eq({ parallel = 4 }, values)
  end)

  t.it("takes an empty variable as not set", function()
    with_env("SPEC_NAMESPACE", "")
    with_env("SPEC_PARALLEL", "")
    t.eq(nil, resolve().namespace)
    t.eq(4, resolve().parallel)
  end)

  t.it("takes the first variable that is set", function()
    with_env("SPEC_KUBE2", "second")
    t.eq("second", resolve().kubeconfig)
    with_env("SPEC_KUBECONFIG", "first")
    t.eq("first", resolve().kubeconfig)
  end)

  t.it("knows three states of a boolean", function()
    t.eq(nil, resolve().monitoring)
    for _, word in ipairs { "1", "true", "YES", " on " } do
      with_env("SPEC_MONITORING", word)
      t.eq(true, resolve().monitoring, word)
    end
    for _, word in ipairs { "0", "False", "no", "off" } do
      with_env("SPEC_MONITORING", word)
      t.eq(false, resolve().monitoring, word)
    end
    t.eq(true, resolve({ monitoring = true }).monitoring)
    with_env("SPEC_MONITORING", "1")
    t.eq(false, resolve({ monitoring = false }).monitoring)
  end)

  t.it("splits lists and trims them", function()
    t.eq({ "a", "b" }, resolve({ methods = " a, b,," }).methods)
  end)

  t.it("expands ~ in paths", function()
    t.eq(env.home() .. "/x", resolve({ base_dir = "~/x" }).base_dir)
  end)

  t.it("names the flag or variable in each complaint", function()
    refuses({ parallel = "four" }, "^%-%-parallel: 'four' is not a whole number$")
    refuses({ parallel = "1.5" }, "whole number")
    refuses({ parallel = "0x10" }, "whole number")
    refuses({ parallel = "99999999999999999999" }, "is too large")
    refuses({ parallel = "0" }, "is less than 1")
    refuses({ rate = "11" }, "is more than 10")
    refuses({ rate = "x" }, "is not a number")
    refuses({ rate = "" }, "^%-%-rate: a value is needed$")
    refuses({ methods = "" }, "^%-%-methods: a value is needed$")
    refuses({ color = "allways" }, "is not one of auto, always, never %(did you mean 'always'%?%)")
    with_env("SPEC_PARALLEL", "many")
    refuses({}, "^SPEC_PARALLEL: 'many' is not a whole number$")
    with_env("SPEC_PARALLEL", nil)
    with_env("SPEC_MONITORING", "maybe")
    refuses({}, "^SPEC_MONITORING: 'maybe' is neither yes nor no")
  end)

  t.it("does not show secrets in complaints", function()
    with_env("SPEC_KEY", "canary-1234")
    local _, err = options.resolve(declared, {})
    t.eq("SPEC_KEY: the value is not a whole number", err.message)
  end)

  t.it("accepts numbers in any usual notation", function()
    t.eq(1000, resolve({ parallel = "1e3" }).parallel)
    t.eq(0.5, resolve({ rate = ".5" }).rate)
    t.eq(-2, resolve({ rate = "-2" }).rate)
  end)
end)

t.describe("options.flatten", function()
  t.it("unrolls groups and keeps their titles", function()
    local entries = options.flatten {
      { "--own" },
      { title = "Shared", { "--a" }, { { "--b" } } },
    }
    local seen = {}
    for i, entry in ipairs(entries) do seen[i] = entry.option[1] .. " " .. tostring(entry.title) end
    t.eq({ "--own nil", "--a Shared", "--b Shared" }, seen)
  end)

  t.it("refuses an unknown field of a declaration", function()
    t.raises(function() options.flatten { { "--x", hlep = "" } } end, "option %-%-x: unknown field 'hlep'")
  end)

  t.it("finds the shared groups sound, with a help text each", function()
    for name, group in pairs(options.shared) do
      for _, entry in ipairs(options.flatten { group }) do
        t.ok(entry.option.help and #entry.option.help > 5, name .. " " .. entry.option[1])
      end
    end
  end)
end)

t.describe("options.parse", function()
  local list = {
    { "--limit", "-l", type = "integer", default = 3 }, { "--level" },
    { "--fast", "-f", type = "boolean", default = true }, { "--dir", "-d", "--directory" },
  }
  local about = { name = "my.lua", arguments = { { "what", optional = true } } }
  local function parse(...) return options.parse(list, { ... }, about) end
  local function leaves(pattern, ...)
    local words = { ... }
    local err = t.raises(function() options.parse(list, words, about) end)
    t.match(pattern, err.message or err.output)
    return err
  end

  t.it("reads long, short, glued and abbreviated options", function()
    t.eq(5, parse("--limit", "5").limit)
    t.eq(5, parse("--limit=5").limit)
    t.eq(5, parse("-l", "5").limit)
    t.eq(5, parse("-l5").limit)
    t.eq(5, parse("--lim", "5").limit)
    t.eq("x", parse("-fdx").dir)
    t.eq("x", parse("--di", "x").dir)
    t.eq(6, parse("-l5", "-l6").limit)
  end)

  t.it("switches booleans on and off, the last one wins", function()
    t.eq(true, parse().fast)
    t.eq(false, parse("--no-fast").fast)
    t.eq(true, parse("--no-fast", "-f").fast)
    t.eq(false, parse("--no-f").fast)
  end)

  t.it("reads positional arguments, also behind --", function()
    local _, arguments = parse("thing")
    t.eq("thing", arguments.what)
    _, arguments = parse("--", "--limit")
    t.eq("--limit", arguments.what)
  end)

  t.it("ends with usage for mistakes", function()
    local err = leaves("unknown option '%-%-limt' %(did you mean '%-%-limit'%?%)", "--limt", "5")
    t.eq(2, err.exit_code)
    t.match("^Usage: llmdbenchmark my.lua %[options%] %[WHAT%]", err.usage)
    leaves("option '%-%-l' is ambiguous: %-%-level, %-%-limit", "--l", "5")
    leaves("%-%-limit: 'x' is not a whole number", "--limit=x")
    leaves("limit", "--limit")
    leaves("unknown option '%-x'", "-x")
    leaves("too many arguments", "a", "b")
  end)

  t.it("explains itself for --help", function()
    local err = leaves("Usage: llmdbenchmark my.lua", "--help")
    t.eq(0, err.exit_code)
    t.match("%-l, %-%-limit LIMIT +%(default: 3%)", err.output)
    t.match("%-f, %-%-%[no%-%]fast", err.output)
    t.match("Usage", leaves("", "-h").output)
  end)
end)
