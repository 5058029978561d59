---Facts about the machine that the program runs on, as the system tells them. Only Linux tells all of them.
---@class bench.machine
local M = {}

local env = require "host.env"
local fs = require "host.fs"

local function first_match(path, pattern)
  local content = fs.read(path)
  return content and content:match(pattern)
end

---The name of the processor; "unknown processor" where the system does not say.
---@return string
function M.cpu_model()
  local name = first_match("/proc/cpuinfo", "model name%s*:%s*([^\n]+)")
    or first_match("/proc/cpuinfo", "Model%s*:%s*([^\n]+)")
  return name or "unknown processor"
end

---@return number? bytes of main memory
function M.memory_bytes()
  local kib = first_match("/proc/meminfo", "MemTotal:%s*(%d+)")
  return kib and tonumber(kib) * 1024
end

---@return { hostname: string, cpus: integer, cpu_model: string, memory_bytes?: number, kernel?: string,
---  system?: string }
function M.facts()
  return {
    hostname = env.hostname(), cpus = env.cpu_count(), cpu_model = M.cpu_model(),
    memory_bytes = M.memory_bytes(),
    kernel = first_match("/proc/sys/kernel/osrelease", "[^\n]+"),
    system = first_match("/etc/os-release", 'PRETTY_NAME="?([^"\n]+)'),
  }
end

return M
