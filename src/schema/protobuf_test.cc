#include "schema/protobuf.h"

#include <gtest/gtest.h>

#include "api/apiextensions_k8s_io_v1.h"
#include "api/authentication_k8s_io_v1.h"
#include "api/core_v1.h"
#include "api/cri.h"
#include "api/etcd.h"
#include "api/policy_v1.h"
#include "base/strings.h"
#include "schema/wire.h"

namespace schema {
namespace {

using api::core_v1::Pod;

template <class T>
std::string hex(const T& content) {
  return base::hex_encode(to_protobuf(content));
}

TEST(Protobuf, ScalarsAreAlwaysWrittenPointersWhenSet) {
  api::core_v1::ContainerPort port;
  port.container_port = 80;
  EXPECT_EQ(hex(port),
            "0a00"
            "1000"
            "1850"
            "2200"
            "2a00");
  api::core_v1::AzureFilePersistentVolumeSource source;
  source.read_only = true;
  EXPECT_EQ(hex(source),
            "0a00"
            "1200"
            "1801");
  source.secret_namespace = "";
  EXPECT_EQ(hex(source),
            "0a00"
            "1200"
            "1801"
            "2200");
  api::core_v1::Toleration toleration;
  toleration.toleration_seconds = -1;
  EXPECT_EQ(hex(toleration),
            "0a00"
            "1200"
            "1a00"
            "2200"
            "28ffffffffffffffffff01");
}

TEST(Protobuf, InlinedStructsAreMessages) {
  api::core_v1::Volume volume;
  volume.name = "v";
  volume.host_path.emplace().path = "/";
  EXPECT_EQ(hex(volume),
            "0a0176"
            "1205"
            "0a03"
            "0a012f");
  EXPECT_EQ(from_protobuf<api::core_v1::Volume>(to_protobuf(volume)), volume);
}

TEST(Protobuf, ValuesWithAFormOfTheirOwn) {
  api::meta_v1::Condition condition;
  condition.last_transition_time = {.seconds = 1, .nanos = 5};
  EXPECT_EQ(hex(condition),
            "0a00"
            "1200"
            "1800"
            "2204"
            "08011000"
            "2a00"
            "3200");
  condition.last_transition_time = {};
  EXPECT_EQ(hex(condition),
            "0a00"
            "1200"
            "1800"
            "2200"
            "2a00"
            "3200");
  api::policy_v1::PodDisruptionBudgetSpec budget;
  budget.min_available = "1";
  budget.max_unavailable = 2;
  EXPECT_EQ(hex(budget),
            "0a07"
            "08011000"
            "1a0131"
            "1a06"
            "08001002"
            "1a00");
  api::authentication_k8s_io_v1::UserInfo user;
  user.extra["k"] = {"a", "b"};
  EXPECT_EQ(hex(user),
            "0a00"
            "1200"
            "220b"
            "0a016b"
            "1206"
            "0a0161"
            "0a0162");
  EXPECT_EQ(from_protobuf<api::authentication_k8s_io_v1::UserInfo>(to_protobuf(user)), user);
}

TEST(Protobuf, MessagesOfProto3LeaveOutZeroValues) {
  api::cri::PodSandboxFilter filter;
  EXPECT_EQ(hex(filter), "");
  filter.id = "x";
  filter.state.emplace().state = api::cri::PodSandboxState::SandboxNotready;
  filter.label_selector = {{"b", ""}, {"a", "1"}};
  EXPECT_EQ(hex(filter),
            "0a0178"
            "1202"
            "0801"
            "1a06"
            "0a0161"
            "120131"
            "1a05"
            "0a0162"
            "1200");
  EXPECT_EQ(from_protobuf<api::cri::PodSandboxFilter>(to_protobuf(filter)), filter);
}

TEST(Protobuf, MembersOfAOneofAreWrittenWhenSetThoughZero) {
  api::etcd::Compare compare;
  compare.target = api::etcd::Compare::CompareTarget::Mod;
  compare.mod_revision = 0;
  EXPECT_EQ(hex(compare),
            "1002"
            "3000");
}

TEST(Protobuf, PackedAndUnpackedListsAreRead) {
  api::etcd::WatchCreateRequest request;
  request.filters = {api::etcd::WatchCreateRequest::FilterType::Noput,
                     api::etcd::WatchCreateRequest::FilterType::Nodelete};
  EXPECT_EQ(hex(request), "2a020001");
  EXPECT_EQ(from_protobuf<api::etcd::WatchCreateRequest>(std::string_view("\x28\x00\x28\x01", 4)), request);
}

TEST(Protobuf, EnvelopesAreThoseOfUpstream) {
  api::core_v1::Namespace space;
  space.metadata.name = "a";
  std::string bytes = encode_envelope(space);
  EXPECT_TRUE(
      base::hex_encode(bytes).starts_with("6b387300"
                                          "0a0f"
                                          "0a027631"
                                          "12094e616d657370616365"
                                          "12"));
  EXPECT_TRUE(base::hex_encode(bytes).ends_with("1a002200"));
  auto envelope = open_envelope(bytes);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->kind, "Namespace");
  EXPECT_EQ(wrap_envelope("v1", "Namespace", envelope->raw), bytes);
  EXPECT_EQ(find_bytes(envelope->raw, {1, 1}), "a");
  EXPECT_EQ(find_bytes(envelope->raw, {1, 3, 9}).data(), nullptr);
  auto object = decode_envelope(bytes);
  ASSERT_TRUE(object);
  EXPECT_EQ(object->as<api::core_v1::Namespace>(), space);
  EXPECT_FALSE(open_envelope("{}"));
  EXPECT_EQ(decode_envelope(wrap_envelope("v1", "Nonsense", "")).error().code(), base::Code::NotFound);
}

TEST(Protobuf, UnknownFieldsAndGroupsAreSkipped) {
  // name, an unknown varint, a group with a nested one, an unknown text, value
  std::string bytes("\x0a\x01n\xf8\x06\x05\x9b\x06\xa3\x06\xa4\x06\x9c\x06\xfa\x06\x02xy\x12\x01v", 22);
  auto variable = from_protobuf<api::core_v1::EnvVar>(bytes);
  ASSERT_TRUE(variable) << variable.error().message();
  EXPECT_EQ(variable->name, "n");
  EXPECT_EQ(variable->value, "v");
}

TEST(Protobuf, MalformedMessagesAreRefused) {
  EXPECT_EQ(from_protobuf<api::core_v1::EnvVar>(std::string_view("\x0a\x05n", 3)).error().code(),
            base::Code::BadRequest);
  EXPECT_FALSE(from_protobuf<api::core_v1::EnvVar>(std::string_view("\x08\x05", 2)));  // a number where text belongs
  EXPECT_FALSE(from_protobuf<api::core_v1::EnvVar>(std::string_view("\x00\x05", 2)));  // field number 0
  EXPECT_FALSE(from_protobuf<api::core_v1::EnvVar>(std::string(11, '\xff')));
  EXPECT_FALSE(from_protobuf<api::core_v1::EnvVar>(std::string_view("\x0c", 1)));  // the end of no group
}

TEST(Protobuf, DepthIsBounded) {
  using api::apiextensions_k8s_io_v1::JSONSchemaProps;
  std::string message;
  for (int i = 0; i < 2000; ++i) {
    WireWriter out;
    out.put(message);
    out.close(26, 0);  // not
    message = out.view();
  }
  EXPECT_FALSE(from_protobuf<JSONSchemaProps>(message));
}

TEST(Protobuf, MutilatedMessagesDoNoHarm) {
  Pod pod;
  pod.metadata.name = "a";
  pod.metadata.labels = {{"x", "y"}};
  pod.metadata.managed_fields.emplace_back().fields_v1 = "{\"f:a\":{}}";
  auto& container = pod.spec.containers.emplace_back();
  container.args = {"a", "b"};
  container.resources.limits["cpu"] = base::Quantity::of(3);
  container.liveness_probe.emplace().http_get.emplace().port = 80;
  pod.spec.priority = 5;
  pod.status.start_time = {.seconds = 1};
  std::string bytes = to_protobuf(pod);
  ASSERT_EQ(from_protobuf<Pod>(bytes), pod);
  for (size_t at = 0; at < bytes.size(); ++at) {
    (void)from_protobuf<Pod>(std::string_view(bytes).substr(0, at));
    for (int byte : {0, 1, 7, 0x0a, 0x7f, 0x80, 0xff}) {
      std::string mutant = bytes;
      mutant[at] = static_cast<char>(byte);
      auto result = from_protobuf<Pod>(mutant);
      if (result) EXPECT_EQ(from_protobuf<Pod>(to_protobuf(*result)), *result);
    }
  }
}

}  // namespace
}  // namespace schema
