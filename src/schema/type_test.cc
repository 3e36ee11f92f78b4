#include "schema/type.h"

#include <gtest/gtest.h>

#include "api/apiextensions_k8s_io_v1.h"
#include "api/apps_v1.h"
#include "api/core_v1.h"
#include "api/cri.h"
#include "schema/object.h"
#include "schema/resource.h"

namespace schema {
namespace {

using api::core_v1::Pod;

TEST(Type, FieldsStandInOrderOfDeclaration) {
  const Type& type = type_of<Pod>();
  ASSERT_EQ(type.fields().size(), 3u);
  EXPECT_EQ(type.fields()[0].name(), "metadata");
  EXPECT_EQ(type.fields()[2].name(), "status");
  EXPECT_EQ(type.api_version(), "v1");
  EXPECT_EQ(type_of<api::apps_v1::Deployment>().api_version(), "apps/v1");
}

TEST(Type, MembersOfInlinedStructsStandInTheirPlace) {
  const Type& type = type_of<api::core_v1::Volume>();
  EXPECT_EQ(type.fields()[0].name(), "name");
  const Field* field = type.find("hostPath");
  ASSERT_NE(field, nullptr);
  EXPECT_TRUE(field->has(Field::Inherited));
  api::core_v1::Volume volume;
  volume.host_path.emplace().path = "/x";
  EXPECT_EQ(static_cast<const Box<api::core_v1::HostPathVolumeSource>*>(field->in(&volume))->get()->path, "/x");
  EXPECT_EQ(type.find("HostPath"), nullptr);
  // Protobuf sees name and the one message that holds the source.
  EXPECT_EQ(type.wire_count, 2);
  EXPECT_EQ(type.all[type.wire[1]].type, &type_of<api::core_v1::VolumeSource>());
}

TEST(Type, NotesCarryKeysEnumsAndDefaults) {
  const Field* protocol = type_of<api::core_v1::ContainerPort>().find("protocol");
  ASSERT_NE(protocol->notes, nullptr);
  EXPECT_EQ(protocol->notes->default_json, "\"TCP\"");
  EXPECT_EQ(protocol->notes->values.size(), 3u);
  const Field* ports = type_of<api::core_v1::Container>().find("ports");
  EXPECT_EQ(ports->list_type, ListType::Map);
  EXPECT_EQ(ports->notes->keys.size(), 2u);
  EXPECT_EQ(ports->notes->merge_key, "containerPort");
  EXPECT_TRUE(ports->has(Field::PatchMerge));
}

Pod pod(std::string name) {
  Pod pod;
  pod.metadata.name = std::move(name);
  pod.spec.containers.emplace_back().name = "main";
  pod.spec.security_context.emplace().run_as_user = 7;
  pod.spec.node_selector["disk"] = "ssd";
  return pod;
}

TEST(Type, CopiesAreEqualAndIndependent) {
  Pod one = pod("a");
  Pod two = one;
  EXPECT_EQ(one, two);
  two.spec.security_context->run_as_user = 8;
  EXPECT_NE(one, two);
  EXPECT_EQ(one.spec.security_context->run_as_user, 7);
  two = one;
  two.spec.containers[0].resources.limits["cpu"] = base::Quantity::of(1);
  EXPECT_NE(one, two);
  two = one;
  two.spec.node_selector["disk"] = "hdd";
  EXPECT_NE(one, two);
}

TEST(Type, StructsMayHoldThemselves) {
  api::apiextensions_k8s_io_v1::JSONSchemaProps props;
  props.properties["a"].properties["b"].type = "string";
  props.not_.emplace().type = "object";
  auto copy = props;
  EXPECT_EQ(copy, props);
  // Assigned from inside itself.
  props = std::move(props.properties["a"]);
  EXPECT_EQ(props.properties["b"].type, "string");
  EXPECT_FALSE(props.not_);
}

TEST(Object, KnowsItsKindAndMetadata) {
  Object object = pod("a");
  EXPECT_EQ(object.kind(), "Pod");
  EXPECT_EQ(object.meta().name, "a");
  EXPECT_EQ(object.get_if<api::core_v1::Node>(), nullptr);
  Object copy = object;
  copy.as<Pod>().metadata.name = "b";
  EXPECT_EQ(object.as<Pod>().metadata.name, "a");
  EXPECT_FALSE(copy == object);
  EXPECT_FALSE(Object(type_of<api::core_v1::PodList>()).has_meta());
}

TEST(Resource, IsFoundByNameAndByKind) {
  const Resource* pods = find_resource("", "v1", "pods");
  ASSERT_NE(pods, nullptr);
  EXPECT_EQ(pods->type, &type_of<Pod>());
  EXPECT_TRUE(pods->has_verb("watch"));
  EXPECT_EQ(pods->subresource("eviction")->group, "policy");
  EXPECT_EQ(pods->columns[0].format, "name");
  EXPECT_EQ(pods->field_aliases[0].to, "spec.nodeName");
  EXPECT_EQ(resource_of_kind("apps", "v1", "Deployment")->plural, "deployments");
  EXPECT_EQ(find_kind("meta.k8s.io/v1", "DeleteOptions")->name, "DeleteOptions");
  EXPECT_EQ(find_kind("v1", "Status")->name, "Status");
  EXPECT_EQ(find_resource("", "v1", "bods"), nullptr);
}

TEST(Message, HasItsMethodPathsAndEnums) {
  EXPECT_EQ(api::cri::runtime_service::kVersion, "/runtime.v1.RuntimeService/Version");
  EXPECT_EQ(static_cast<int>(api::cri::PodSandboxState::SandboxNotready), 1);
}

}  // namespace
}  // namespace schema
