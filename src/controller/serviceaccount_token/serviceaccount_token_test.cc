#include "controller/serviceaccount_token/serviceaccount_token.h"

#include <gmock/gmock.h>

#include "controller/testing/cluster.h"
#include "pki/jwt.h"
#include "schema/value.h"

namespace controller {
namespace {

using api::core_v1::Secret;
using api::core_v1::ServiceAccount;
using namespace std::chrono_literals;

struct AccountTokens : ::testing::Test {
  testing::Cluster cluster;
  pki::Key key = *pki::Key::generate(pki::Key::Algorithm::EcdsaP256);

  void SetUp() override {
    ServiceAccount account;
    account.metadata.namespace_ = "default";
    account.metadata.name = "robot";
    cluster.put(account);
  }
  void run() {
    Options options;
    options.service_account_key = key.private_pem();
    options.root_ca = "the root";
    cluster.run({"serviceaccount-token-controller"}, std::move(options));
  }
  void put_secret(std::string account, std::string uid = "") {
    Secret secret;
    secret.metadata.namespace_ = "default";
    secret.metadata.name = "wanted";
    secret.metadata.annotations["kubernetes.io/service-account.name"] = std::move(account);
    if (!uid.empty()) secret.metadata.annotations["kubernetes.io/service-account.uid"] = uid;
    secret.type = "kubernetes.io/service-account-token";
    cluster.put(secret);
  }
  std::optional<Secret> secret() { return cluster.server.get<Secret>("default", "wanted"); }
};

TEST_F(AccountTokens, ASecretThatAsksIsFilled) {
  put_secret("robot");
  run();
  auto filled = secret();
  ASSERT_TRUE(filled);
  EXPECT_EQ(filled->data["ca.crt"], "the root");
  EXPECT_EQ(filled->data["namespace"], "default");
  auto uid = cluster.server.get<ServiceAccount>("default", "robot")->metadata.uid;
  EXPECT_EQ(filled->metadata.annotations["kubernetes.io/service-account.uid"], uid);
  auto claims = pki::verify_jwt(filled->data["token"], {key});
  ASSERT_TRUE(claims);
  auto said = *schema::Value::parse(*claims);
  EXPECT_EQ(said.text_at({"sub"}), "system:serviceaccount:default:robot");
  EXPECT_EQ(said.text_at({"kubernetes.io/serviceaccount/service-account.uid"}), uid);
  EXPECT_EQ(said.text_at({"kubernetes.io/serviceaccount/secret.name"}), "wanted");
}

TEST_F(AccountTokens, ItGoesWithItsAccount) {
  put_secret("robot");
  run();
  cluster.on_loop([&] { cluster.server.erase<ServiceAccount>("default", "robot"); });
  cluster.advance(1s);
  EXPECT_FALSE(secret());
}

TEST_F(AccountTokens, ThatOfAnotherAccountOfTheNameGoes) {
  put_secret("robot", "an older one");
  run();
  EXPECT_FALSE(secret());
}

TEST_F(AccountTokens, ATokenThatIsThereStays) {
  put_secret("robot");
  run();
  auto before = secret();
  cluster.edit<Secret>("default", "wanted", [](Secret& it) { it.metadata.labels["seen"] = "yes"; });
  cluster.advance(1s);
  EXPECT_EQ(secret()->data["token"], before->data["token"]);
}

}  // namespace
}  // namespace controller
