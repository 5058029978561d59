// The list of secrets of this process, and the one function that hides them. Thread safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/value.hpp"

namespace core {

/// What stands where a secret was.
inline constexpr std::string_view kRedacted = "***";

/// Remembers `value` (without surrounding white space) as a secret: `redact` hides it from now on, also in
/// base64 (wherever it starts inside an encoded text), percent-encoded and JSON-escaped form; of a value
/// with several lines, such as a PEM key, each long line too. False, and nothing is remembered, when the
/// value has fewer than 4 characters: hiding it would blank out ordinary words.
bool register_secret(std::string_view value);

/// True for names such as HF_TOKEN, --api-key, client_secret, DB_PASS, X-Api-Key, local.env.API_TOKEN: the
/// last word behind the last dot or slash says token, secret, password, passwd, pass, passphrase, apikey,
/// credential(s), authorization, cookie, or key behind another word. Not for MAX_TOKENS, TOKENIZER, labelKey,
/// pad_token or a mere `key`.
bool is_secret_name(std::string_view name);

/// True if a variable or option `name` with `value` should be treated as secret: a secret name, at least
/// 6 characters, and not an absolute path, a URL without password, a boolean word or a placeholder.
bool holds_secret(std::string_view name, std::string_view value);

/// `text` with every registered secret replaced by `kRedacted`.
std::string redact(std::string text);
/// The same for every string value in a tree.
Value redact_tree(Value tree);
/// The same for message, hint and facts.
Error redact(Error error);

/// `argv` with registered secrets hidden, and with the values of arguments whose names are secret names:
/// `--token VALUE`, `--token=VALUE`, `--from-literal=HF_TOKEN=VALUE`.
std::vector<std::string> redact_argv(const std::vector<std::string>& argv);

/// Forgets everything; for tests.
void forget_secrets();

}  // namespace core
