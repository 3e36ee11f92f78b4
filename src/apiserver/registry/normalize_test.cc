#include "apiserver/registry/normalize.h"

#include <gtest/gtest.h>

#include "api/apps_v1.h"
#include "api/core_v1.h"
#include "apiserver/registry/served.h"
#include "apiserver/registry/strategy.h"

namespace apiserver {
namespace {

namespace apps = api::apps_v1;
namespace core = api::core_v1;

TEST(Normalize, AnAccountHasTwoNamesOfWhichTheNewerCounts) {
  core::Pod pod;
  pod.spec.service_account = "old";
  schema::Object object(pod);
  normalize(object);
  EXPECT_EQ(object.as<core::Pod>().spec.service_account_name, "old");

  apps::Deployment deployment;
  deployment.spec.template_.spec.service_account = "old";
  deployment.spec.template_.spec.service_account_name = "new";
  object = schema::Object(deployment);
  normalize(object);
  EXPECT_EQ(object.as<apps::Deployment>().spec.template_.spec.service_account, "new");
}

TEST(Normalize, TextsOfASecretBecomeItsData) {
  core::Secret secret;
  secret.data = {{"a", "1"}, {"b", "1"}};
  secret.string_data = {{"b", "2"}};
  schema::Object object(secret);
  normalize(object);
  EXPECT_EQ(object.as<core::Secret>().data, (std::map<std::string, std::string, std::less<>>{{"a", "1"}, {"b", "2"}}));
  EXPECT_TRUE(object.as<core::Secret>().string_data.empty());
}

TEST(DaemonSetStrategy, CountsTheChangesOfTheTemplateWhateverClientsSay) {
  const Catalog catalog;
  const Served& served = catalog.of<apps::DaemonSet>();
  User user;
  std::vector<std::string> warnings;
  Situation situation{served, user, "", {}, warnings};
  auto generation = [](const schema::Object& object) {
    return object.meta().annotations.at(std::string(kTemplateGeneration));
  };
  schema::Object made = schema::Object(apps::DaemonSet());
  normalize(made);
  served.strategy().prepare_create(situation, made);
  EXPECT_EQ(generation(made), "1");
  schema::Object next = made;
  next.meta().annotations[std::string(kTemplateGeneration)] = "7";
  served.strategy().prepare_update(situation, next, made);
  EXPECT_EQ(generation(next), "1");
  next.as<apps::DaemonSet>().spec.template_.spec.host_network = true;
  served.strategy().prepare_update(situation, next, made);
  EXPECT_EQ(generation(next), "2");
}

}  // namespace
}  // namespace apiserver
