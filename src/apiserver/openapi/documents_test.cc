#include "apiserver/openapi/documents.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "schema/shared_facts.h"
#include "schema/value.h"

namespace apiserver::openapi {
namespace {

const CustomKindsRef kNoCustom = std::make_shared<const CustomKinds>();

using schema::Value;

Value document(std::string_view name) {
  auto text = make_v3(name, {});
  EXPECT_TRUE(text) << name;
  auto value = Value::parse(text.value_or("null"));
  EXPECT_TRUE(value) << name << ": " << (value ? "" : value.error().message());
  return value ? *std::move(value) : Value();
}

std::set<std::string> keys(const Value* object) {
  std::set<std::string> found;
  if (object == nullptr || !object->is_object()) return found;
  for (const auto& member : object->as_object()) found.insert(member.key);
  return found;
}

std::set<std::string> texts(const Value* list) {
  std::set<std::string> found;
  if (list == nullptr || !list->is_array()) return found;
  for (const auto& one : list->as_array()) found.insert(one.as_string());
  return found;
}

std::string json(const Value* value) {
  return value == nullptr ? "" : value->to_json();
}

// Every reference of the value leads to a member of `schemas`.
void expect_references_found(const Value& value, const std::set<std::string>& schemas, std::string_view prefix) {
  if (value.is_array()) {
    for (const auto& one : value.as_array()) expect_references_found(one, schemas, prefix);
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) {
      if (key == "$ref" && member.is_string()) {
        ASSERT_TRUE(member.as_string().starts_with(prefix)) << member.as_string();
        EXPECT_TRUE(schemas.contains(member.as_string().substr(prefix.size()))) << member.as_string();
      } else {
        expect_references_found(member, schemas, prefix);
      }
    }
  }
}

TEST(OpenApiDocuments, EveryOneIsJsonWhoseReferencesAreFoundInIt) {
  for (const auto& name : document_names({})) {
    Value made = document(name);
    expect_references_found(made, keys(made.at({"components", "schemas"})), "#/components/schemas/");
  }
  auto second = Value::parse(make_v2({}));
  ASSERT_TRUE(second);
  expect_references_found(*second, keys(second->find("definitions")), "#/definitions/");
}

TEST(OpenApiDocuments, HaveTheRecordedNamesPathsAndSchemas) {
  NEED_SHARED(recorded, "golden/openapi-names.json");
  auto names = document_names({});
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), keys(recorded.find("v3")));
  for (const auto& [name, expected] : recorded.find("v3")->as_object()) {
    Value made = document(name);
    EXPECT_EQ(keys(made.find("paths")), texts(expected.find("paths"))) << name;
    EXPECT_EQ(keys(made.at({"components", "schemas"})), texts(expected.find("schemas"))) << name;
  }
  auto second = Value::parse(make_v2({}));
  ASSERT_TRUE(second);
  EXPECT_EQ(keys(second->find("paths")), texts(recorded.at({"v2", "paths"})));
  EXPECT_EQ(keys(second->find("definitions")), texts(recorded.at({"v2", "definitions"})));
}

// What kubectl looks for before it applies.
TEST(OpenApiDocuments, PatchTakesFieldValidationForItsKind) {
  Value made = document("apis/apps/v1");
  const auto* patch = made.at({"paths", "/apis/apps/v1/namespaces/{namespace}/deployments/{name}", "patch"});
  ASSERT_NE(patch, nullptr);
  EXPECT_EQ(json(patch->find("x-kubernetes-group-version-kind")),
            R"({"group":"apps","kind":"Deployment","version":"v1"})");
  EXPECT_EQ(json(patch->find("operationId")), R"("patchAppsV1NamespacedDeployment")");
  std::set<std::string> names;
  for (const auto& one : patch->find("parameters")->as_array()) names.insert(one.find("name")->as_string());
  EXPECT_EQ(names, (std::set<std::string>{"dryRun", "fieldManager", "fieldValidation", "force"}));
}

// Each kind, and each field of those that people ask about, says what it is.
TEST(OpenApiDocuments, WhatPeopleAskAboutIsDescribed) {
  for (std::string_view name : {"api/v1", "apis/apps/v1", "apis/batch/v1", "apis/autoscaling/v2"}) {
    Value made = document(name);
    for (const auto& schema : made.at({"components", "schemas"})->as_object()) {
      if (!schema.key.starts_with("io.k8s.api.") || schema.value.find("properties") == nullptr) continue;
      bool is_kind = schema.value.find("x-kubernetes-group-version-kind") != nullptr;
      if (is_kind) EXPECT_NE(schema.value.find("description"), nullptr) << schema.key;
    }
  }
  Value made = document("api/v1");
  for (std::string_view type :
       {"PodSpec", "PodStatus", "Container", "ContainerStatus", "Probe", "ServiceSpec", "ServicePort", "Volume",
        "ResourceRequirements", "SecurityContext", "PodSecurityContext", "Toleration"}) {
    const auto* properties = made.at({"components", "schemas", base::cat({"io.k8s.api.core.v1.", type}), "properties"});
    ASSERT_NE(properties, nullptr) << type;
    for (const auto& field : properties->as_object()) {
      EXPECT_NE(field.value.find("description"), nullptr) << type << "." << field.key;
    }
  }
}

TEST(OpenApiDocuments, OperationsOfSubresourcesSpeakTheirKind) {
  Value made = document("api/v1");
  auto id = [&](std::string_view path, std::string_view method) {
    return json(made.at({"paths", path, method, "operationId"}));
  };
  EXPECT_EQ(id("/api/v1/namespaces/{namespace}/pods/{name}/exec", "post"), R"("connectCoreV1PostNamespacedPodExec")");
  EXPECT_EQ(id("/api/v1/namespaces/{namespace}/services/{name}/proxy/{path}", "get"),
            R"("connectCoreV1GetNamespacedServiceProxyWithPath")");
  EXPECT_EQ(id("/api/v1/nodes/{name}/status", "patch"), R"("patchCoreV1NodeStatus")");
  EXPECT_EQ(json(made.at({"paths", "/api/v1/namespaces/{namespace}/pods/{name}/eviction", "post",
                          "x-kubernetes-group-version-kind"})),
            R"({"group":"policy","kind":"Eviction","version":"v1"})");
}

TEST(OpenApiDocuments, IndexLeadsToEachByItsDigest) {
  auto index = Value::parse(make_index(kNoCustom));
  ASSERT_TRUE(index);
  EXPECT_EQ(index->text_at({"paths", "apis/apps/v1", "serverRelativeURL"}),
            "/openapi/v3/apis/apps/v1?hash=" + digest_of("apis/apps/v1", kNoCustom));
  EXPECT_EQ(digest_of("apis/apps/v1", kNoCustom).size(), 128u);
  EXPECT_EQ(digest_of("apis/apps/v2", kNoCustom), "");
}

TEST(OpenApiDocuments, ListsSayHowTheyAreMerged) {
  Value made = document("api/v1");
  const auto* ports = made.at({"components", "schemas", "io.k8s.api.core.v1.ServiceSpec", "properties", "ports"});
  EXPECT_EQ(json(ports->find("x-kubernetes-list-map-keys")), R"(["port","protocol"])");
  EXPECT_EQ(json(ports->find("x-kubernetes-patch-merge-key")), R"("port")");
  EXPECT_EQ(json(ports->find("x-kubernetes-patch-strategy")), R"("merge")");
  EXPECT_EQ(json(made.at({"components", "schemas", "io.k8s.api.core.v1.PodSpec", "properties", "volumes",
                          "x-kubernetes-patch-strategy"})),
            R"("merge,retainKeys")");
}

}  // namespace
}  // namespace apiserver::openapi
