-- Tables and pictures over all treatments.
return {
  name = "analyze_results",
  doc = "Draws the pictures and compares the treatments.",
  scope = "global",
  when = function(ctx) return ctx.opts.analyze ~= false, ctx.opts.no_analysis or "--no-analyze" end,
  run = function(ctx) return require("bench.analysis").run(ctx) end,
}
