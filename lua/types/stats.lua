---@meta host.stats

---Statistics without surprises: exact percentiles, how far a sample supports them, and a histogram that merges.
---@class host.stats
local stats = {}

---A percentile of a list of numbers, linear between neighbours (as numpy does by default).
---@param values number[] In any order.
---@param percent number 0 to 100.
---@return number? value nil for an empty list.
function stats.percentile(values, percent) end

---Everything about one distribution: `count`, `effective_count`, `mean`, `std_dev`, `min`, `max`, `mean_margin` (half of
---the mean's 95 % interval), one field per percentile (`p50`, `p99.9`), `interval` (`interval.p50 = { low, high }`, null where the
---sample gives no bound) and `unsupported`, the percentiles for which the sample is too small. Formulas are in
---docs/metrics.md. An empty list gives `{ count = 0 }`; one value has no `std_dev` and no `mean_margin`.
---@param values number[] In the order in which they were observed: neighbours that are alike lower the effective count.
---@param opts? { percentiles?: number[] } `percentiles`: 0.1 1 5 10 25 50 75 90 95 99 99.9 unless given
---@return table summary
function stats.summary(values, opts) end

---The smallest sample that supports a percentile: with fewer, one or two values decide it.
---@param percent number
---@return number count 11 for 50, 662 for 99, 6636 for 99.9; `math.huge` for 0 and 100, which no sample supports
function stats.samples_needed(percent) end

---Ranks (from 1) of the two sorted values that enclose a percentile, by the exact binomial distribution.
---@param count integer Size of the sample.
---@param percent number
---@param confidence? number 0.95
---@return integer low 0: no lower bound.
---@return integer high More than `count`: no upper bound.
function stats.rank_interval(count, percent, confidence) end

---A histogram of numbers from 0 on, in constant memory.
---@class host.stats.Histogram
local histogram = {}

---Counts one number.
---@param value number
function histogram:record(value) end

---Adds the counts of another histogram of the same unit and resolution: the same as having recorded everything here.
---@param other host.stats.Histogram
function histogram:merge(other) end

---@param percent number
---@return number value Within 2^-(bits+1) of the exact one; 0 when empty.
function histogram:percentile(percent) end

---@return { count: integer, mean: number, min: number, max: number } facts
function histogram:facts() end

---Makes an empty histogram.
---@param opts? { unit?: number, bits?: integer } `unit`: numbers are counted in multiples of it (1e-9: seconds with the resolution of nanoseconds); `bits`: resolution, 1 to 16 (11: 0.025 %)
---@return host.stats.Histogram histogram
function stats.histogram(opts) end

return stats
