#include "core/redact.hpp"
#include "catch.hpp"
#include "core/text.hpp"

namespace {

struct Forget {
  ~Forget() { core::forget_secrets(); }
};

const std::string kCanary = "c4n4ry+/\"value&x";

}  // namespace

TEST_CASE("a registered secret is hidden in every form") {
  const Forget forget;
  REQUIRE(core::register_secret(kCanary + "\n"));
  CHECK(core::redact("a " + kCanary + " b " + kCanary) == "a *** b ***");
  CHECK(core::redact("json " + core::Value(kCanary).dump()) == "json \"***\"");
  CHECK(core::redact("url c4n4ry%2B%2F%22value%26x") == "url ***");
  CHECK(core::redact("url c4n4ry%2b%2f%22value%26x") == "url ***");
  CHECK(core::redact("b64 " + core::base64_encode(kCanary) + ";") == "b64 ***;");
  CHECK(core::redact("plain text stays") == "plain text stays");
}

TEST_CASE("a secret inside a longer base64 text is hidden wherever it starts") {
  const Forget forget;
  core::register_secret(kCanary);
  for (const std::string before : {"", "u", "us", "user:", "x: "})
    for (const std::string after : {"", "!", "!!", " and more"}) {
      const std::string coded = core::base64_encode(before + kCanary + after);
      const std::string shown = core::redact(coded);
      INFO(coded << " -> " << shown);
      CHECK(shown.find("***") != std::string::npos);
      CHECK(shown.size() < coded.size() - 16);
    }
}

TEST_CASE("longer secrets are hidden before shorter ones that they contain") {
  const Forget forget;
  core::register_secret("abcd");
  core::register_secret("abcdefgh");
  CHECK(core::redact("abcdefgh abcd") == "*** ***");
}

TEST_CASE("values too short to be secret are refused") {
  const Forget forget;
  CHECK_FALSE(core::register_secret("abc"));
  CHECK_FALSE(core::register_secret("  \n"));
  CHECK(core::redact("abc") == "abc");
}

TEST_CASE("the lines of a key are hidden one by one") {
  const Forget forget;
  core::register_secret(
      "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nw0BAQEFAASCBKcwggSj\n-----END KEY-----\n");
  CHECK(core::redact("  MIIEvQIBADANBgkqhkiG") == "  ***");
  CHECK(core::redact("-----BEGIN KEY-----") == "-----BEGIN KEY-----");
}

TEST_CASE("trees and errors are redacted throughout") {
  const Forget forget;
  core::register_secret("hunter2hunter2");
  auto error = core::redact(core::Error{"exit", "bad hunter2hunter2", "try hunter2hunter2"}.with(
      "command", core::Value::array({"x", core::Value{{"y", "hunter2hunter2"}}})));
  CHECK(error.message == "bad ***");
  CHECK(error.hint == "try ***");
  CHECK(error.facts.dump().find("hunter2") == std::string::npos);
  CHECK(core::redact_tree(7) == 7);
}

TEST_CASE("secret names are told from harmless ones") {
  for (const char* name :
       {"HF_TOKEN", "LLMDBENCH_HF_TOKEN", "--api-key", "AWS_SECRET_ACCESS_KEY", "apiKey", "db.password",
        "HFTOKEN", "clientSecret", "GOOGLE_APPLICATION_CREDENTIALS", "PRIVATE_KEY", "OPENAI_KEY", "DB_PASS",
        "local.env.API_TOKEN", "X-Api-Key", "Authorization", "Proxy-Authorization", "Cookie",
        "huggingface.tokenBase64", "a.\"x.api_key\""})
    CHECK(core::is_secret_name(name));
  for (const char* name : {"MAX_TOKENS", "TOKENIZER", "KEYBOARD", "SSH_AUTH_SOCK", "PATH", "", "--", "monkey",
                           "tokenizer", "max_tokens", "key", "matchExpressions.key", "app.kubernetes.io/key",
                           "labelKey", "tokenKey", "pad_token", "TIME_PER_TOKEN", "bypass", "secretName"})
    CHECK_FALSE(core::is_secret_name(name));
  CHECK(core::holds_secret("HF_TOKEN", "hf_abcdef"));
  CHECK_FALSE(core::holds_secret("HF_TOKEN", "none"));
  CHECK_FALSE(core::holds_secret("TLS_KEY", "/etc/tls/key.pem"));
  CHECK_FALSE(core::holds_secret("HF_TOKEN", "{{secret:hf_token}}"));
  CHECK_FALSE(core::holds_secret("HF_TOKEN", "${OTHER_TOKEN}"));
}

TEST_CASE("argument vectors lose the values of secret options") {
  const Forget forget;
  core::register_secret("registered-one");
  using Argv = std::vector<std::string>;
  CHECK(core::redact_argv({"tool", "--token", "abcdefgh", "--name", "x"}) ==
        Argv{"tool", "--token", "***", "--name", "x"});
  CHECK(core::redact_argv({"tool", "--token=abcdefgh", "registered-one"}) ==
        Argv{"tool", "--token=***", "***"});
  CHECK(core::redact_argv({"kubectl", "--from-literal=HF_TOKEN=abcdefgh"}) ==
        Argv{"kubectl", "--from-literal=HF_TOKEN=***"});
  CHECK(core::redact_argv({"helm", "--set", "a=b,hf.token=abcdefgh"}) ==
        Argv{"helm", "--set", "a=b,hf.token=***"});
  CHECK(core::redact_argv({"tool", "--token", "--next", "=x"}) == Argv{"tool", "--token", "--next", "=x"});
}
