#include "controller/bootstrap_signer/bootstrap_signer.h"

#include <gtest/gtest.h>

#include "controller/testing/cluster.h"
#include "pki/bootstrap_token.h"

namespace controller {
namespace {

using api::core_v1::ConfigMap;
using api::core_v1::Secret;
using testing::Cluster;
using namespace std::chrono_literals;

class Joining : public ::testing::Test {
 protected:
  void SetUp() override { cluster_.run({"bootstrap-signer-controller", "token-cleaner-controller"}); }
  void TearDown() override { cluster_.scope.cancel(); }

  void token(std::string id, std::string signing, io::Duration lives = {}) {
    Secret secret;
    secret.metadata.namespace_ = "kube-system";
    secret.metadata.name = "bootstrap-token-" + id;
    secret.type = pki::kBootstrapTokenType;
    secret.data["token-id"] = id;
    secret.data["token-secret"] = "0123456789abcdef";
    secret.data["usage-bootstrap-signing"] = signing;
    if (lives != io::Duration{}) {
      auto end = cluster_.now();
      end.seconds += std::chrono::duration_cast<std::chrono::seconds>(lives).count();
      secret.data["expiration"] = base::format_rfc3339(end);
    }
    cluster_.put(secret);
  }
  void info(std::string text) {
    ConfigMap map;
    map.metadata.namespace_ = "kube-public";
    map.metadata.name = "cluster-info";
    map.data["kubeconfig"] = text;
    map.data["other"] = "kept";
    map.data["jws-kubeconfig-oldold"] = "left by a token that is gone";
    cluster_.put(map);
  }
  std::map<std::string, std::string> data() {
    auto map = cluster_.server.get<ConfigMap>("kube-public", "cluster-info");
    return {map->data.begin(), map->data.end()};
  }

  Cluster cluster_;
};

TEST_F(Joining, ClusterInfoIsSignedByTheTokensThatAreForIt) {
  token("aaaaaa", "true");
  token("bbbbbb", "false");
  info("text");
  cluster_.advance(1s);
  auto signature = pki::detached_signature("text", {"aaaaaa", "0123456789abcdef"});
  EXPECT_EQ(data(), (std::map<std::string, std::string>{
                        {"jws-kubeconfig-aaaaaa", signature}, {"kubeconfig", "text"}, {"other", "kept"}}));
  token("cccccc", "true");
  cluster_.advance(1s);
  EXPECT_TRUE(data().contains("jws-kubeconfig-cccccc"));
}

TEST_F(Joining, ATokenWhoseTimeIsOverGoesWithItsSignature) {
  token("aaaaaa", "true", 60s);
  info("text");
  cluster_.advance(50s);
  EXPECT_TRUE(data().contains("jws-kubeconfig-aaaaaa"));
  EXPECT_TRUE(cluster_.server.get<Secret>("kube-system", "bootstrap-token-aaaaaa"));
  cluster_.advance(15s);
  EXPECT_FALSE(data().contains("jws-kubeconfig-aaaaaa"));
  EXPECT_FALSE(cluster_.server.get<Secret>("kube-system", "bootstrap-token-aaaaaa"));
}

TEST(Controllers, SomeStartOnlyWhenTheyAreNamedAndAllMayBeNamedAsBefore) {
  auto chosen = [](std::vector<std::string> words, std::string_view name) {
    for (const Row& row : controllers())
      if (row.name == name) return is_chosen(words, row);
    ADD_FAILURE() << name;
    return false;
  };
  EXPECT_TRUE(chosen({"*"}, "job-controller"));
  EXPECT_FALSE(chosen({"*"}, "bootstrap-signer-controller"));
  EXPECT_TRUE(chosen({"*", "bootstrapsigner"}, "bootstrap-signer-controller"));
  EXPECT_FALSE(chosen({"*", "-job"}, "job-controller"));
  EXPECT_FALSE(chosen({"job-controller"}, "cronjob-controller"));
}

}  // namespace
}  // namespace controller
