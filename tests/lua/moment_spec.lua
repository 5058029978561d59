local clock = require "host.clock"
local moment = require "bench.moment"
local t = require "bench.test"

t.describe("bench.moment", function()
  t.it("reads what the clock writes", function()
    for _, seconds in ipairs { 0, 951782400, 951868800.25, 1709208000, 1795553152.5, 4102444799.999 } do
      t.near(seconds, moment.epoch_s(clock.rfc3339(seconds)), 0.001)
    end
    t.eq(1709208000, moment.epoch_s "2024-02-29T12:00:00Z")
  end)

  t.it("does not guess", function()
    t.eq(nil, moment.epoch_s "2024-02-29")
    t.eq(nil, moment.epoch_s "2024-02-29T12:00:00+02:00")
  end)
end)
