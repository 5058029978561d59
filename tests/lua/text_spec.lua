local t = require "bench.test"
local text = require "host.text"

t.describe("text", function()
  t.it("digests", function()
    t.eq("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", text.sha256("abc"))
  end)

  t.it("encodes and decodes base64", function()
    local bytes = "\0\1\2\255 text"
    t.eq(bytes, t.ok(text.base64_decode(text.base64_encode(bytes))))
    t.eq("", text.base64_decode(""))
    t.eq(2, t.fails("invalid", text.base64_decode("ab!c")).offset)
  end)

  t.it("makes random names", function()
    t.match("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$", text.uuid())
    t.ne(text.uuid(), text.uuid())
    t.match("^%l[%l%d]+$", text.random_id())
    t.eq(8, #text.random_id())
    t.eq(20, #text.random_id(20))
    t.raises(function() text.random_id(0) end, "from 1 to 1000")
  end)

  t.it("finds what a typo was meant to be", function()
    t.eq("profile", text.nearest("profle", { "limit", "profile" }))
    t.eq(" (did you mean 'profile'?)", text.did_you_mean("profle", { "limit", "profile" }))
    t.eq("", text.did_you_mean("zebra", { "limit", "profile" }))
    t.eq(nil, text.nearest("zebra", { "limit", "profile" }))
    t.eq({ "abcd", "abce" }, text.nearest_words("abcd", { "abce", "abcd", "xyz" }))
    t.eq({ "abcd" }, text.nearest_words("abcd", { "abce", "abcd" }, { limit = 1 }))
    t.eq(1, text.distance("ab", "ba"))
    t.raises(function() text.nearest("x", "y") end, "list of strings")
  end)
end)
