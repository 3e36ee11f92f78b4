// What only those see who come over HTTP.
#include <gtest/gtest.h>

#include <algorithm>

#include "apiserver/testing_server.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "schema/value.h"

namespace apiserver {
namespace {

struct ServerHttp : testing::Test {
  TestServer ours;
  std::unique_ptr<io::HttpServer> front;
  std::unique_ptr<io::HttpClient> client;

  void SetUp() override {
    io::HttpServerOptions options;
    options.address.host = "127.0.0.1";
    front = *io::HttpServer::create(
        options, [this](const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                        io::ResponseWriter& writer) { return ours.server().serve(request, peer, body, writer); });
    client = *io::HttpClient::create({.url = "http://" + front->address().text()});
  }

  struct Answer {
    int status = 0;
    std::string body;
  };
  static io::Task<base::Result<Answer>> fetch(io::HttpClient* client, std::string target) {
    CO_TRY(auto stream, co_await client->request("GET", std::move(target), io::Headers(), base::Bytes()));
    Answer answer{.status = stream->head().status};
    CO_TRY(answer.body, co_await io::read_all(*stream, 1 << 24));
    co_return answer;
  }
  Answer get(std::string target) {
    auto answer = ours.loop().run_task(fetch(client.get(), std::move(target)));
    EXPECT_TRUE(answer) << answer.error().message();
    return answer ? *answer : Answer{};
  }
};

TEST_F(ServerHttp, DeprecatedApisThatAreAskedForAreTold) {
  auto told = [&](std::string_view text) { return get("/metrics").body.find(text) != std::string::npos; };
  get("/api/v1/namespaces/default/services");
  EXPECT_FALSE(told("apiserver_requested_deprecated_apis{"));
  get("/api/v1/namespaces/default/endpoints");
  EXPECT_TRUE(told(R"(apiserver_requested_deprecated_apis{group="",removed_release="",resource="endpoints",)"
                   R"(subresource="",version="v1"} 1)"));
}

TEST_F(ServerHttp, TheIndexNamesWhatAnswersBelowIt) {
  auto index = schema::Value::parse(get("/").body);
  ASSERT_TRUE(index.has_value());
  std::vector<std::string> paths;
  for (const auto& path : index->find("paths")->as_array()) paths.emplace_back(path.as_string());
  EXPECT_TRUE(std::is_sorted(paths.begin(), paths.end()));
  for (std::string_view expected : {"/apis/apps", "/apis/apps/v1", "/healthz/etcd", "/livez/ping", "/openapi/v3/",
                                    "/readyz/informer-sync", "/version"}) {
    EXPECT_TRUE(std::find(paths.begin(), paths.end(), expected) != paths.end()) << expected;
  }
  for (const auto& path : paths) EXPECT_EQ(get(path).status, 200) << path;
}

}  // namespace
}  // namespace apiserver
