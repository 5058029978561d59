local t = require "bench.test"
local banner = require "bench.banner"
local workspace = require "bench.workspace"

local function context(changes)
  local ctx = { spec = { name = "local/x" }, stacks = { { name = "one", method = "local", model = { name = "org/m" },
    endpoint = { url = "http://h:1" } } }, namespace = "ns", harness_namespace = "ns", harness = "native",
    workload = "p.yaml", results = { treatments = {} }, workspace = workspace.imagined { workspace = "/ws" } }
  for key, value in pairs(changes or {}) do ctx[key] = value end
  return ctx
end

local function text(lines) return table.concat(lines, "\n") end

t.describe("bench.banner", function()
  t.it("opens a phase with what it works on", function()
    local shown = text(banner.start(context(), "standup"))
    t.match("STANDUP %-%- llmdbenchmark v", shown)
    for _, row in ipairs { "Spec:         local/x", "Model:        org/m", "Methods:      local", "Namespace:    ns" } do
      t.contains(row, shown)
    end
    t.ok(not shown:find "Harness NS")
    t.contains("DRY RUN", text(banner.start(context { dry_run = true }, "teardown")))
    t.contains("Harness NS:   other", text(banner.start(context { harness_namespace = "other" }, "standup")))
  end)

  t.it("lists several stacks", function()
    local ctx = context()
    ctx.stacks[2] = { name = "two", method = "local", model = { name = "org/n" } }
    local shown = text(banner.start(ctx, "standup"))
    t.contains("Stacks:       2", shown)
    t.contains("Model:        org/n", shown)
  end)

  t.it("closes a standup with its endpoints", function()
    local outcome = { steps = { { status = "ok" }, { status = "ok" }, { status = "skipped" } } }
    local lines = banner.standup(context(), outcome)
    t.eq(("="):rep(62), lines[1])
    t.contains("Steps:        2/2 passed, 1 skipped", text(lines))
    t.contains("one: http://h:1", text(lines))
  end)

  t.it("closes a run with harness, workload and each treatment's verdict", function()
    local ctx = context { results = { treatments = {
      { id = "native-1-a", verdict = "valid", files = 3 },
      { id = "native-1-b", err = { message = "it broke\nbadly" } } } } }
    local shown = text(banner.run(ctx))
    for _, words in ipairs { "Harness:      native", "Workload:     p.yaml", "Treatments:   2",
      "native-1-a: valid (3 files)", "native-1-b: failed: it broke", "Results:      /ws/<new>/results" } do
      t.contains(words, shown)
    end
  end)
end)
