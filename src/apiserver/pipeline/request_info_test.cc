#include "apiserver/pipeline/request_info.h"

#include <gtest/gtest.h>

namespace apiserver {
namespace {

RequestInfo info(std::string_view method, std::string_view path, std::string_view query = "") {
  return parse_request_info(method, path, Query(query));
}

TEST(RequestInfo, ReadsGroupNamespaceNameAndSubresource) {
  auto one = info("GET", "/apis/apps/v1/namespaces/a/deployments/b/scale");
  EXPECT_TRUE(one.is_resource);
  EXPECT_EQ(one.verb, "get");
  EXPECT_EQ(one.group, "apps");
  EXPECT_EQ(one.version, "v1");
  EXPECT_EQ(one.namespace_, "a");
  EXPECT_EQ(one.resource, "deployments");
  EXPECT_EQ(one.name, "b");
  EXPECT_EQ(one.subresource, "scale");
}

TEST(RequestInfo, TellsListsWatchesAndCollections) {
  EXPECT_EQ(info("GET", "/api/v1/pods").verb, "list");
  EXPECT_EQ(info("GET", "/api/v1/pods", "watch=true").verb, "watch");
  EXPECT_EQ(info("GET", "/api/v1/pods", "watch=false").verb, "list");
  EXPECT_EQ(info("GET", "/api/v1/watch/namespaces/a/pods").verb, "watch");
  EXPECT_EQ(info("DELETE", "/api/v1/namespaces/a/pods").verb, "deletecollection");
}

TEST(RequestInfo, TakesStatusAndFinalizeOfANamespaceForSubresources) {
  auto one = info("PUT", "/api/v1/namespaces/a/finalize");
  EXPECT_EQ(one.resource, "namespaces");
  EXPECT_EQ(one.name, "a");
  EXPECT_EQ(one.subresource, "finalize");
}

TEST(RequestInfo, TakesPathsThatAreNoResourceByTheirMethod) {
  auto one = info("GET", "/healthz");
  EXPECT_FALSE(one.is_resource);
  EXPECT_EQ(one.verb, "get");
  EXPECT_FALSE(info("GET", "/api//v1/namespaces").is_resource);
}

TEST(RequestInfo, AFieldSelectorOfOneNameNamesTheObject) {
  EXPECT_EQ(info("GET", "/api/v1/pods", "fieldSelector=metadata.name%3Dx").name, "x");
}

}  // namespace
}  // namespace apiserver
