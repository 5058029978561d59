-- How far our time to first token is from the truth: 400 requests a second, 64 tokens each, against the simulator's
-- own log of when it had the request and when it sent each token. And how late we send at 1,000 a second.
local fs = require "host.fs"
local json = require "host.json"
local lab = require "lab"
local load = require "host.load"

local SECONDS = 5

-- The part of the client's TTFT, in seconds, that the server did not cause, for each request; sorted.
local function errors(records, truth_file)
  local truth = {}
  for line in assert(fs.read(truth_file)):gmatch "[^\n]+" do
    local row = json.decode(line)
    truth[tonumber(row.request_id:match "%d+$")] = (row.sent_ns[1] - row.arrival_ns) / 1e9
  end
  local list, sent = {}, 0
  for record in records do
    sent = sent + 1
    local server = truth[record.index]
    if server and record.first_token_s then list[#list + 1] = record.first_token_s - record.sent_s - server end
  end
  assert(#list > 0.99 * sent, ("only %d of %d requests are in the truth log"):format(#list, sent))
  table.sort(list)
  return list
end

local function at(sorted, share) return sorted[math.max(1, math.ceil(#sorted * share))] end

local function first_token_errors(dir, round)
  local truth, file = dir .. "/truth_" .. round, dir .. "/records_" .. round
  lab.with_simulator({ "--truth", truth, unpack(lab.PACED) }, function(url)
    lab.stage(url, { schedule = { rate = 400, duration_s = SECONDS }, data = { input = 16, output = 64 },
      records = file })
  end)
  return errors(assert(load.records(file)), truth)
end

local function schedule_delay()
  return lab.with_simulator(lab.PACED, function(url)
    local stage = { schedule = { rate = 1000, duration_s = SECONDS }, data = { input = 16, output = 16 } }
    return lab.stage(url, stage).delays.schedule_delay.p99
  end)
end

return {
  title = "Error of the time to first token at 400 req/s x 64 tokens; schedule delay at 1,000 req/s",
  run = function(out)
    local dir = assert(fs.tempdir())
    local p50, p99, delay = {}, {}, {}
    for round = 1, lab.rounds do
      local sorted = first_token_errors(dir, round)
      p50[round], p99[round] = at(sorted, 0.5) * 1e6, at(sorted, 0.99) * 1e6
      out.value("TTFT error p99 [us]", round, p99[round])
      delay[round] = schedule_delay() * 1e6
      out.value("schedule delay p99 [us]", round, delay[round])
    end
    fs.remove_tree(dir)
    out.goal("TTFT above truth, p50 [us]", lab.compare.summary(p50), "<=", 50)
    out.goal("TTFT above truth, p99 [us]", lab.compare.summary(p99), "<=", 500)
    out.goal("schedule delay, p99 [us]", lab.compare.summary(delay), "<=", 500)
  end,
}
