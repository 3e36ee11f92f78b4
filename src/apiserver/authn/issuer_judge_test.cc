// An issuer on loopback, over TLS: its discovery document, its keys, and tokens that it signed.

#include "apiserver/authn/issuer_judge.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "apiserver/authn/configured_issuers.h"
#include "base/file.h"
#include "base/strings.h"
#include "io/http_server.h"
#include "io/test_certificates.h"

namespace apiserver {
namespace {

struct Issuer : testing::Test {
  std::unique_ptr<io::Loop> loop = *io::Loop::create();
  io::Loop::Entered entered{*loop};
  base::FakeClock clock;
  base::Metrics metrics;
  AuthenticationMetrics counted{metrics};
  io::TestCertificate authority = io::make_test_certificate("authority");
  io::TestCertificate serving = io::make_test_certificate("issuer", "IP:127.0.0.1", &authority);
  std::unique_ptr<io::HttpServer> server;
  pki::Key key = *pki::Key::generate(pki::Key::Algorithm::EcdsaP256);
  std::vector<pki::Key> published = {key};
  std::string url, told_issuer;
  int discoveries = 0, key_fetches = 0, status = 200;

  void SetUp() override {
    io::HttpServerOptions options;
    options.address.host = "127.0.0.1";
    options.tls = *io::TlsServer::create(
        {.certificate = {.chain = {.text = serving.certificate_pem}, .key = {.text = serving.key_pem}}});
    server = *io::HttpServer::create(options, [this](const io::Request& request, const io::Peer&, io::RequestBody&,
                                                     io::ResponseWriter& writer) { return answer(request, writer); });
    url = told_issuer = "https://" + server->address().text();
  }
  io::Task<void> answer(const io::Request& request, io::ResponseWriter& writer) {
    if (request.target == "/.well-known/openid-configuration") {
      ++discoveries;
      writer.send(status, {},
                  base::Bytes(base::cat({R"({"issuer":")", told_issuer, R"(","jwks_uri":")", url, R"(/keys"})"})));
    } else {
      ++key_fetches;
      std::string set;
      for (const auto& one : published) set += base::cat({set.empty() ? "" : ",", one.jwk()});
      writer.send(status, {}, base::Bytes(base::cat({R"({"keys":[{"kty":"oct","k":"AAAA"},)", set, "]}"})));
    }
    co_return;
  }

  // A configuration with one issuer; `more` are lines of it.
  std::string yaml(std::string_view more = "  claimMappings:\n    username: {claim: sub, prefix: \"oidc:\"}\n") {
    std::string ca;
    for (auto line : base::split(authority.certificate_pem, '\n')) ca += base::cat({"      ", line, "\n"});
    return base::cat(
        {"apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt:\n- issuer:\n"
         "    url: ",
         url, "\n    audiences: [us]\n    certificateAuthority: |\n", ca, more});
  }
  IssuerContext context() {
    return {.own_issuers = {"https://own"},
            .server_audiences = {"https://own"},
            .algorithms = {},
            .server_hash = "sha256:server",
            .clock = clock,
            .metrics = counted};
  }
  std::shared_ptr<TokenJudge> judges(const std::string& of) {
    auto read = read_authentication_configuration(of);
    EXPECT_TRUE(read) << read.error().message();
    auto made = make_issuer_judges(*read, context());
    EXPECT_TRUE(made) << made.error().message();
    return *made;
  }
  std::string problem(const std::string& of) {
    auto read = read_authentication_configuration(of);
    if (!read) return read.error().message();
    auto made = make_issuer_judges(*read, context());
    return made ? "" : made.error().message();
  }

  // Claims of a good token; `more` is added: `"groups":["a"]`.
  std::string claims(std::string_view more = "", int64_t seconds = 600) {
    auto now = clock.wall_ns() / 1'000'000'000;
    return base::cat({R"({"iss":")", url, R"(","aud":["us","them"],"sub":"jane","exp":)", std::to_string(now + seconds),
                      more.empty() ? "" : ",", more, "}"});
  }
  std::string sign(const std::string& of) { return *pki::sign_jwt(of, key); }
  // The user, or why not, or "unknown".
  std::string judge(TokenJudge& by, std::string token) {
    auto verdict = loop->run_task(by.verify(std::move(token), {}));
    if (!verdict) return verdict.error().message();
    if (!*verdict) return "unknown";
    const auto& user = (*verdict)->user;
    auto shown = base::cat({user.name, " uid=", user.uid, " groups=", base::join(user.groups, ",")});
    for (const auto& [key, values] : user.extra) shown += base::cat({" ", key, "=", base::join(values, ",")});
    return shown;
  }
};

TEST_F(Issuer, ASignedTokenIsItsSubject) {
  auto by = judges(yaml());
  EXPECT_EQ(judge(*by, sign(claims())), "oidc:jane uid= groups=");
  EXPECT_EQ(judge(*by, sign(claims(R"("jti":"77")"))),
            "oidc:jane uid= groups= authentication.kubernetes.io/credential-id=JTI=77");
  EXPECT_EQ(discoveries, 1);
  EXPECT_EQ(key_fetches, 1);
}

TEST_F(Issuer, TokensOfOthersAreNotItsAffair) {
  auto by = judges(yaml());
  EXPECT_EQ(judge(*by, sign(R"({"iss":"https://other"})")), "unknown");
  EXPECT_EQ(judge(*by, "opaque"), "unknown");
  EXPECT_EQ(discoveries, 0);
}

TEST_F(Issuer, ExpiredFutureAndMisdirectedTokensAreRefused) {
  auto by = judges(yaml());
  auto now = clock.wall_ns() / 1'000'000'000;
  EXPECT_EQ(judge(*by, sign(claims("", 0))),
            "oidc: verify token: oidc: token is expired (Token Expiry: 2023-11-14T22:13:20Z)");
  EXPECT_EQ(judge(*by, sign(claims(R"("nbf":)" + std::to_string(now + 400)))),
            "oidc: verify token: oidc: current time before the nbf (not before) time");
  EXPECT_EQ(judge(*by, sign(claims(R"("nbf":)" + std::to_string(now + 100)))), "oidc:jane uid= groups=");
  EXPECT_EQ(judge(*by, sign(base::cat({R"({"iss":")", url, R"(","aud":"them","sub":"jane","exp":9999999999})"}))),
            R"(oidc: verify token: oidc: expected audience in ["us"] got ["them"])");
  EXPECT_NE(judge(*by, sign(base::cat({R"({"iss":")", url, R"(","aud":"us","sub":"jane"})"}))).find("expired"),
            std::string::npos);
}

TEST_F(Issuer, AKeyThatIsNotKnownIsLookedForAgain) {
  auto by = judges(yaml());
  EXPECT_EQ(judge(*by, sign(claims())), "oidc:jane uid= groups=");
  auto old = sign(claims());
  key = *pki::Key::generate(pki::Key::Algorithm::Rsa2048);
  published = {key};
  clock.advance_ns(1'000'000'000);
  EXPECT_EQ(judge(*by, sign(claims())), "oidc:jane uid= groups=");
  EXPECT_EQ(key_fetches, 2);
  EXPECT_EQ(discoveries, 1);
  EXPECT_EQ(judge(*by, old), "oidc: verify token: failed to verify signature: failed to verify id token signature");
}

TEST_F(Issuer, ForgedTokensDoNotMakeItFetchForEver) {
  auto by = judges(yaml());
  (void)judge(*by, sign(claims()));
  auto stranger = *pki::Key::generate(pki::Key::Algorithm::EcdsaP256);
  for (int i = 0; i < 5; ++i) (void)judge(*by, *pki::sign_jwt(claims(), stranger));
  EXPECT_EQ(key_fetches, 1);
}

TEST_F(Issuer, AnIssuerThatCannotBeAskedIsAskedAgainLater) {
  auto by = judges(yaml());
  status = 500;
  EXPECT_NE(judge(*by, sign(claims())).find("fetching keys"), std::string::npos);
  status = 200;
  clock.advance_ns(1'000'000'000);
  EXPECT_EQ(judge(*by, sign(claims())), "oidc:jane uid= groups=");
}

TEST_F(Issuer, TheDiscoveryDocumentMustNameTheIssuer) {
  auto by = judges(yaml());
  told_issuer = "https://evil";
  EXPECT_NE(judge(*by, sign(claims())).find("issuer did not match the issuer returned by provider"), std::string::npos);
  EXPECT_EQ(key_fetches, 0);
}

TEST_F(Issuer, AServerOfAnotherAuthorityIsNotBelieved) {
  auto stranger = io::make_test_certificate("stranger");
  std::swap(authority, stranger);
  auto by = judges(yaml());
  EXPECT_NE(judge(*by, sign(claims())).find("fetching keys"), std::string::npos);
  EXPECT_EQ(discoveries, 0);
}

TEST_F(Issuer, SeveralWhoAskAtOnceShareOneFetch) {
  auto by = judges(yaml());
  auto ask = [](TokenJudge& by, std::string token, int* good) -> io::Task<void> {
    auto verdict = co_await by.verify(std::move(token), {});
    if (verdict && *verdict) ++*good;
  };
  int good = 0;
  {
    io::Scope scope;
    for (int i = 0; i < 4; ++i) scope.spawn(ask(*by, sign(claims()), &good));
    auto wait = [](const int* good) -> io::Task<void> {
      while (*good < 4) co_await io::sleep(std::chrono::milliseconds(1));
    };
    loop->run_task(wait(&good));
  }
  EXPECT_EQ(key_fetches, 1);
}

TEST_F(Issuer, ClaimsBecomeGroupsAndUid) {
  auto by =
      judges(yaml("  claimMappings:\n    username: {claim: email, prefix: \"\"}\n"
                  "    groups: {claim: roles, prefix: \"g:\"}\n    uid: {claim: id}\n"
                  "  claimValidationRules:\n  - {claim: hd, requiredValue: corp}\n"));
  EXPECT_EQ(judge(*by, sign(claims(R"("email":"j@x","roles":["a","b"],"id":"7","hd":"corp")"))),
            "j@x uid=7 groups=g:a,g:b");
  EXPECT_EQ(judge(*by, sign(claims(R"("email":"j@x","roles":"a","id":"7","hd":"corp")"))), "j@x uid=7 groups=g:a");
  EXPECT_EQ(judge(*by, sign(claims(R"("email":"j@x","email_verified":false,"id":"7","hd":"corp")"))),
            "oidc: email not verified");
  EXPECT_EQ(judge(*by, sign(claims(R"("email":"j@x","id":"7","hd":"evil")"))),
            "oidc: required claim hd value does not match. Got = evil, want = corp");
  EXPECT_EQ(judge(*by, sign(claims(R"("email":"j@x","id":"7")"))), "oidc: required claim hd not present in ID token");
  EXPECT_NE(judge(*by, sign(claims(R"("id":"7","hd":"corp")"))).find("oidc: parse username claims \"email\""),
            std::string::npos);
}

TEST_F(Issuer, ExpressionsMapAndJudge) {
  auto by = judges(
      yaml("  claimMappings:\n    username: {expression: \"'x:' + claims.sub\"}\n"
           "    groups: {expression: \"claims.roles.filter(r, r != 'drop')\"}\n    uid: {expression: \"claims.id\"}\n"
           "    extra:\n    - {key: example.org/team, valueExpression: \"has(claims.team) ? claims.team : ''\"}\n"
           "  claimValidationRules:\n"
           "  - {expression: \"claims.exp - claims.iat <= 1000\", message: \"it lives too long\"}\n"
           "  userValidationRules:\n"
           "  - {expression: \"!user.username.startsWith('x:system:')\", message: \"a reserved name\"}\n"));
  auto now = std::to_string(clock.wall_ns() / 1'000'000'000);
  auto with = [&](std::string_view more) { return sign(claims(base::cat({R"("iat":)", now, ",", more}))); };
  EXPECT_EQ(judge(*by, with(R"("roles":["a","drop"],"id":"7","team":["t1","t2"])")),
            "x:jane uid=7 groups=a example.org/team=t1,t2");
  EXPECT_EQ(judge(*by, with(R"("roles":[],"id":"7")")), "x:jane uid=7 groups=");
  EXPECT_EQ(judge(*by, sign(claims(R"("iat":1,"roles":[],"id":"7")"))),
            "oidc: error evaluating claim validation expression: validation expression 'claims.exp - claims.iat <= "
            "1000' failed: it lives too long");
  EXPECT_EQ(judge(*by, with(R"("roles":[],"id":"7","sub":"system:admin")")),
            "oidc: error evaluating user info validation rule: validation expression "
            "'!user.username.startsWith('x:system:')' failed: a reserved name");
  EXPECT_NE(judge(*by, with(R"("roles":[],"id":7)")).find("uid claim expression must return a string"),
            std::string::npos);
  EXPECT_NE(judge(*by, with(R"("id":"7")")).find("no such key: roles"), std::string::npos);
}

TEST_F(Issuer, WhatBreaksARuleIsTold) {
  auto broken = [&](std::string_view lines) {
    return problem(
        base::cat({"apiVersion: apiserver.config.k8s.io/v1beta1\nkind: AuthenticationConfiguration\n", lines}));
  };
  EXPECT_EQ(broken("jwt: []\n"), "");
  EXPECT_EQ(broken("jwt:\n- issuer: {url: \"http://x\", audiences: [a, a]}\n"),
            "[jwt[0].issuer.url: Invalid value: \"http://x\": URL scheme must be https, jwt[0].issuer.audiences[1]: "
            "Duplicate value: \"a\", jwt[0].issuer.audienceMatchPolicy: Invalid value: \"\": audienceMatchPolicy must "
            "be MatchAny for multiple audiences, jwt[0].claimMappings.username: Required value: claim or expression is "
            "required]");
  EXPECT_EQ(broken("jwt:\n- issuer: {url: \"https://own\", audiences: [a]}\n  claimMappings:\n"
                   "    username: {claim: sub}\n"),
            "[jwt[0].issuer.url: Invalid value: \"https://own\": URL must not overlap with disallowed issuers: "
            "[https://own], jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is "
            "set. It can be set to an empty string to disable prefixing]");
  EXPECT_EQ(broken("jwt:\n- issuer: {url: \"https://x\", audiences: [a]}\n  claimMappings:\n"
                   "    username: {expression: \"claims.email\"}\n    extra:\n"
                   "    - {key: a.k8s.io/x, valueExpression: \"claims.x\"}\n"
                   "  claimValidationRules:\n  - {expression: \"claims.y\"}\n"),
            "[jwt[0].claimMappings.extra[0].key: Invalid value: \"a.k8s.io/x\": k8s.io, kubernetes.io and their "
            "subdomains are reserved for Kubernetes use, jwt[0].claimMappings.username.expression: Invalid value: "
            "\"claims.email\": claims.email_verified must be used in claimMappings.username.expression or "
            "claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in "
            "claimMappings.username.expression, jwt[0].claimValidationRules[0].expression: Invalid value: "
            "\"claims.y\": must evaluate to bool]");
  EXPECT_EQ(broken("anonymous: {enabled: false, conditions: [{path: /x}]}\n"),
            "anonymous.conditions: Invalid value: [{\"Path\":\"/x\"}]: enabled should be set to true when conditions "
            "are defined");
  EXPECT_EQ(broken("jwts: []\n"), "strict decoding error: unknown field \"jwts\"");
}

TEST_F(Issuer, TheFileIsFollowed) {
  std::string folder = testing::TempDir() + "/authn-" + std::to_string(getpid());
  std::string path = folder + "/config.yaml";
  ASSERT_TRUE(base::make_directories(folder, 0700));
  std::string nobody = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n";
  ASSERT_TRUE(base::write_file(path, nobody, 0600));
  auto issuers = *ConfiguredIssuers::create({}, context(), path, nobody);
  EXPECT_EQ(judge(*issuers, sign(claims())), "unknown");
  io::Scope scope;
  scope.spawn(issuers->run());
  ASSERT_TRUE(base::write_file(path, yaml(), 0600));
  auto wait = [](base::Metrics& metrics) -> io::Task<bool> {
    while (metrics.to_text().find("status=\"success\"} 1") == std::string::npos)
      co_await io::sleep(std::chrono::milliseconds(5));
    co_return true;
  };
  EXPECT_TRUE(loop->run_task(io::with_timeout(std::chrono::seconds(20), wait(metrics))));
  EXPECT_EQ(judge(*issuers, sign(claims())), "oidc:jane uid= groups=");
  EXPECT_TRUE(base::remove_tree(folder));
}

TEST(OidcFlags, NamesAreSetApartUnlessTheyAreMail) {
  OidcFlags flags{.issuer_url = "https://x", .client_id = "us", .given = true};
  EXPECT_EQ(configuration_of(flags)->jwt[0].claim_mappings.username.prefix, "https://x#");
  flags.username_prefix = "-";
  EXPECT_EQ(configuration_of(flags)->jwt[0].claim_mappings.username.prefix, "");
  flags.username_claim = "email";
  flags.username_prefix = "";
  EXPECT_EQ(configuration_of(flags)->jwt[0].claim_mappings.username.prefix, "");
  EXPECT_EQ(configuration_of({.issuer_url = "https://x", .given = true}).error().message(),
            "oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set");
  flags.signing_algorithms = {"HS256"};
  EXPECT_EQ(configuration_of(flags).error().message(), "oidc: unsupported signing alg: \"HS256\"");
}

}  // namespace
}  // namespace apiserver
