-- The process that experiment_kill_spec.lua kills: begins or resumes an experiment that deploys nothing.
-- Arguments: folder for everything, folder of this file.
local root, here = ...
package.path = here .. "/../?.lua;" .. package.path

local doe = require "bench.doe"
local experiment = require "bench.experiment"
local fake_driver = require "support.fake_driver"
local fs = require "host.fs"
local text = require "host.text"

local design = doe.full_factorial {
  name = "killed",
  setup = { a = { 1, 2, 3, 4 } },
  run = { rate = { 1, 2, 3, 4, 5 } },
}
local driver = fake_driver.new { root = root, pause_s = 0.03,
  serial = function() return text.random_id(6) end }
local begun = fs.exists(root .. "/run/experiment.json")
return experiment.run({ driver = driver, resume = begun and root .. "/run" or nil }, design)
