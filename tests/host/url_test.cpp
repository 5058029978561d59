#include "core/http/url.hpp"

#include "catch.hpp"
#include "core/http/proxy.hpp"

TEST_CASE("a URL is taken apart") {
  const auto url = core::parse_url("HTTP://me:p%40ss@Example.COM:8080/a/b?c=d#e");
  REQUIRE(url);
  CHECK(url->scheme == "http");
  CHECK(url->userinfo == "me:p@ss");
  CHECK(url->host == "example.com");
  CHECK(url->port == 8080);
  CHECK(url->target == "/a/b?c=d");
  CHECK(url->text() == "http://example.com:8080/a/b?c=d");
  CHECK(core::parse_url("https://h")->text() == "https://h/");
  CHECK(core::parse_url("https://h:443?x")->text() == "https://h/?x");
  CHECK(core::parse_url("http://[::1]:80/")->authority() == "[::1]");
  CHECK(core::parse_url("http://[::1]:81/")->host == "::1");
  CHECK(core::parse_url("http://h/\xC3\xA9")->target == "/%C3%A9");
}

TEST_CASE("what is no URL is refused without showing its password") {
  for (const char* text :
       {"", "h", "//h", "ftp://h", "http://", "http://:80", "http://h:0", "http://h:65536", "http://h:x",
        "http://[::1", "http://[]", "http://[x]", "http://h h/", "http://h/\n", "http://h@"}) {
    INFO(text);
    const auto url = core::parse_url(text);
    REQUIRE_FALSE(url);
    CHECK(url.error().code == "invalid");
    CHECK_FALSE(url.error().hint.empty());
  }
  const auto url = core::parse_url("ftp://me:canary@h/");
  CHECK(url.error().message.find("canary") == std::string::npos);
  CHECK(url.error().facts["url"] == "ftp://***@h/");
}

TEST_CASE("a Location header is resolved against its page") {
  const auto base = core::parse_url("https://h:8443/a/b?q").value();
  const auto to = [&](const char* location) { return core::resolve_url(base, location).value().text(); };
  CHECK(to("http://other/x") == "http://other/x");
  CHECK(to("//other/x") == "https://other/x");
  CHECK(to("/x?y#z") == "https://h:8443/x?y");
  CHECK(to("c") == "https://h:8443/a/c");
  CHECK(to("?n") == "https://h:8443/a/b?n");
  CHECK(to("") == "https://h:8443/a/b");
  CHECK(to("/go?to=http://x") == "https://h:8443/go?to=http://x");
  CHECK_FALSE(core::resolve_url(base, "ftp://x/").ok());
}

TEST_CASE("the environment decides about proxies") {
  std::map<std::string, std::string> variables;
  const auto env = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return {};
    return found->second;
  };
  const auto proxy = [&](const char* url) {
    const auto found = core::proxy_from_env(core::parse_url(url).value(), env);
    if (!found) return found.error().code;
    return *found ? (*found)->host_and_port() : std::string("none");
  };
  CHECK(proxy("http://a.test/") == "none");
  variables = {{"HTTP_PROXY", "p1:1"}, {"https_proxy", "http://p2:2"}, {"HTTPS_PROXY", "http://p3:3"}};
  CHECK(proxy("http://a.test/") == "p1:1");
  CHECK(proxy("https://a.test/") == "p2:2");
  CHECK(proxy("http://localhost:80/") == "none");
  CHECK(proxy("http://127.8.0.1/") == "none");
  CHECK(proxy("http://[::1]/") == "none");
  variables["no_proxy"] = " a.test, .b.test,10.0.0.0/8 , c.test:8080,*.d.test, fd00::/8,192.168.1.1";
  for (const char* url :
       {"http://a.test/", "http://x.a.test/", "http://x.b.test/", "http://b.test/", "http://10.1.2.3/",
        "http://c.test:8080/", "http://x.d.test/", "http://[fd00::1]/", "http://192.168.1.1/"}) {
    INFO(url);
    CHECK(proxy(url) == "none");
  }
  for (const char* url : {"http://xa.test/", "http://11.1.2.3/", "http://c.test/", "http://[fe00::1]/",
                          "http://192.168.1.10/"}) {
    INFO(url);
    CHECK(proxy(url) == "p1:1");
  }
  variables["no_proxy"] = "*";
  CHECK(proxy("http://z.test/") == "none");
  variables = {{"ALL_PROXY", "http://p4:4"}};
  CHECK(proxy("https://z.test/") == "p4:4");
  variables = {{"http_proxy", "socks5://p"}};
  CHECK(proxy("http://z.test/") == "invalid");
}
