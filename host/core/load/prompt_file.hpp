// Prompts from files: JSON lines, and conversations in the shape of ShareGPT.
#pragma once

#include <memory>

#include "core/load/prompt.hpp"

namespace core::load {

/// Reads `path`, `format` (jsonl or sharegpt; by default by the file's first character), `output`,
/// `input_min`, `input_max`, `output_min`, `output_max`, `characters_per_token`, `limit`, `shuffle` from the
/// data table.
///
/// JSONL: per line an object with `prompt` (text or token ids) or `messages`, and optionally `input_tokens`
/// and `max_tokens` (or `output_tokens`). ShareGPT: a list of `{ conversations = { {from, value}, ... } }`;
/// the first human turn is the prompt and the answer to it gives the output length. Lengths that the file
/// does not state are estimated as characters / `characters_per_token` (4) and marked as such; the bounds
/// drop prompts outside them. The file is read by `prepare`: errors of reading, `invalid` with file and line.
std::shared_ptr<PromptSource> make_file_prompts(Fields& data, Api api, std::uint64_t seed);

}  // namespace core::load
