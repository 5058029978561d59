---The published JSON Schemas, with which editors complete and check scenarios, defaults, experiment files and
---profiles. They are made from the same rows that the program itself uses.
---@class bench.schemas
local M = {}

local convert = require "bench.schemas.convert"
local json = require "host.json"
local schema = require "bench.plan.schema"

local REFERENCE = "\\$\\{[^}]+\\}"
local REPLACED = "REPLACE_ENV_"

local CONFIG = { lax = true, token = REFERENCE }
local PARTIAL = { lax = true, token = REFERENCE, partial = true }
local PROFILE = { token = REPLACED }
local EXPERIMENT = {}

local function defaults()
  local body = convert.root(schema.config(), CONFIG)
  body["$defs"] = convert.definitions(schema.config(), CONFIG)
  body.description = "Values of every stack that its scenario does not set."
  body.additionalProperties = true
  return body
end

local function ref(name) return convert.object { ["$ref"] = "#/$defs/" .. name } end

-- A stack has the keys of a configuration, and a name.
local function stack()
  local keys = schema.config().root.order
  local properties = json.object({}, { "name", unpack(keys) })
  properties.name = convert.object { type = "string", pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$",
    description = "Its name." }
  for _, key in ipairs(keys) do properties[key] = ref("configuration/properties/" .. key) end
  return convert.object { type = "object", description = "A stack.", properties = properties,
    additionalProperties = false, required = json.list { "name" } }
end

local function scenario()
  local definitions = convert.definitions(schema.config(), PARTIAL)
  definitions.configuration = convert.root(schema.config(), PARTIAL)
  definitions.stack = stack()
  return convert.object { type = "object", description = "Stacks, and what differs from the defaults in each.",
    properties = json.object({
      shared = convert.object { description = "What all stacks have in common.",
        anyOf = json.list { ref "configuration", convert.object { type = "null" } } },
      scenario = convert.object { type = "array", items = ref "stack", minItems = 1, description = "The stacks." },
    }, { "shared", "scenario" }),
    required = json.list { "scenario" }, ["$defs"] = definitions }
end

local function experiment()
  local rows = schema.from_rows(require "bench.treatment.keys")
  local body = convert.root(rows, EXPERIMENT)
  body["$defs"] = convert.definitions(rows, EXPERIMENT)
  body.description = "Treatments: what is changed from measurement to measurement."
  return body
end

-- Shapes of the two formats have names of their own, so that `stage` is not `stage`.
local function format(name)
  local rows = schema.from_rows(require("bench.profile.keys." .. name))
  local text = json.encode(json.list { convert.root(rows, PROFILE), convert.definitions(rows, PROFILE) })
  local parts = json.decode((text:gsub('"#/$defs/', '"#/$defs/' .. name .. "_")))
  local definitions = json.object {}
  for _, key in ipairs(json.keys(parts[2])) do definitions[name .. "_" .. key] = parts[2][key] end
  definitions[name] = parts[1]
  return definitions
end

local function profile()
  local definitions = format "native"
  local other = format "inference_perf"
  for _, key in ipairs(json.keys(other)) do definitions[key] = other[key] end
  return convert.object { description = "What load is made: stages (native), or load (inference-perf).",
    anyOf = json.list { ref "native", ref "inference_perf" }, ["$defs"] = definitions }
end

---The texts of docs/schema, by file name.
---@return table<string, string> files
function M.files()
  return {
    ["defaults.json"] = convert.document("Defaults of llmdbenchmark", defaults()),
    ["scenario.json"] = convert.document("Scenario of llmdbenchmark", scenario()),
    ["experiment.json"] = convert.document("Experiment of llmdbenchmark", experiment()),
    ["profile.json"] = convert.document("Workload profile of llmdbenchmark", profile()),
  }
end

return M
