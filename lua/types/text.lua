---@meta host.text

---Digests, encodings, random names, and which word a typo stands for.
---@class host.text
local text = {}

---SHA-256 of the bytes of a string (of a file: `fs.sha256`).
---@param data string
---@return string digest 64 lower-case hex digits
function text.sha256(data) end

---Standard base64 with padding, on one line.
---@param data string
---@return string encoded
function text.base64_encode(data) end

---Decodes the standard or the URL-safe alphabet; white space and missing padding are fine.
---@param encoded string
---@return string? data
---@return bench.Error? err `invalid`, with the `offset` of the first bad character
function text.base64_decode(encoded) end

---A random (version 4) UUID.
---@return string uuid
function text.uuid() end

---Random letters a-z and digits, beginning with a letter: fit for names of files and Kubernetes objects.
---@param length? integer 8 unless given
---@return string id
function text.random_id(length) end

---The candidate that a mistyped word was probably meant to be; nil if none is close. Letter case does not
---count, nor `-` against `_`.
---@param word string
---@param candidates string[]
---@return string? candidate
function text.nearest(word, candidates) end

---All candidates that are close, best first.
---@param word string
---@param candidates string[]
---@param opts? { limit?: integer } `limit`: 3 unless given
---@return string[] candidates
function text.nearest_words(word, candidates, opts) end

---The end of a message about an unknown word: ` (did you mean 'x'?)`, or "" if nothing is close.
---@param word string
---@param candidates string[]
---@return string suffix
function text.did_you_mean(word, candidates) end

---How many letters must be inserted, removed, replaced or swapped with their neighbour to turn one word
---into the other.
---@param a string
---@param b string
---@return integer edits
function text.distance(a, b) end

return text
