#include "apiserver/registry/validation/device.h"
#include "apiserver/registry/validation/storage_class.h"
#include "apiserver/registry/validation/testing.h"

namespace apiserver {
namespace {

namespace resource = api::resource_k8s_io_v1;
namespace storage = api::storage_k8s_io_v1;
using testing::expect_all;

TEST(StorageClassRules, WhatVolumesAreMadeFromStays) {
  expect_all<storage::StorageClass>(
      validate_storage_class,
      {{R"({"provisioner":"p","volumeBindingMode":"Immediate","parameters":{"":"x"},"reclaimPolicy":"Recycle"})",
        {"parameters: Invalid value: \"\": field can not be empty.",
         "reclaimPolicy: Unsupported value: \"Recycle\": supported values: \"Delete\", \"Retain\""}},
       {R"({"provisioner":"p","volumeBindingMode":"Immediate","allowedTopologies":[{"matchLabelExpressions":[{"key":"k","values":["a","a"]}]},
            {"matchLabelExpressions":[{"key":"k","values":["a"]}]}]})",
        {"allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: \"a\"",
         "allowedTopologies[1].matchLabelExpressions: Duplicate value: \"\""}},
       {R"({"provisioner":"q"})",
        {"provisioner: Invalid value: \"q\": field is immutable"},
        R"({"provisioner":"p"})"}});
}

TEST(CsiRules, DriversAreWellFormedAndNodesKeepTheirs) {
  const char* good =
      R"("attachRequired":true,"podInfoOnMount":false,"storageCapacity":false,"fsGroupPolicy":"File",
                             "requiresRepublish":false,"seLinuxMount":false)";
  std::string base = "{\"spec\":{" + std::string(good);
  expect_all<storage::CSIDriver>(
      validate_csi_driver,
      {{base + "}}", {}},
       {base +
            R"(,"tokenRequests":[{"audience":"a","expirationSeconds":5},{"audience":"a"}],"volumeLifecycleModes":["X"]}})",
        {"spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
         "spec.tokenRequests[1].audience: Duplicate value: \"a\"",
         "spec.volumeLifecycleModes: Unsupported value: \"X\": supported values: \"Persistent\", \"Ephemeral\""}}});
  expect_all<storage::CSINode>(
      validate_csi_node,
      {{R"({"spec":{"drivers":[{"name":"","nodeID":""},{"name":"a","nodeID":"1","allocatable":{"count":-1}},{"name":"a","nodeID":"1"}]}})",
        {"spec.drivers[0].name: Required value", "spec.drivers[0].nodeID: Required value",
         "spec.drivers[1].allocatable.count: Invalid value: -1: must be greater than or equal to 0",
         "spec.drivers[2].name: Duplicate value: \"a\""}},
       {R"({"spec":{"drivers":[{"name":"a","nodeID":"1","allocatable":{"count":5}}]}})",
        {},
        R"({"spec":{"drivers":[{"name":"a","nodeID":"1"}]}})"},
       {R"({"spec":{"drivers":[{"name":"a","nodeID":"2"}]}})",
        {"CSINodeDriver: Invalid value: {"},
        R"({"spec":{"drivers":[{"name":"a","nodeID":"1"}]}})"}});
}

TEST(VolumeAttachmentRules, OneSourceAndNothingOfTheSpecChanges) {
  const char* good = R"({"spec":{"attacher":"a","nodeName":"n","source":{"persistentVolumeName":"pv"}}})";
  expect_all<storage::VolumeAttachment>(
      validate_volume_attachment,
      {{good, {}},
       {R"({"spec":{"nodeName":"n"}})",
        {"spec.attacher: Required value",
         "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"}},
       {R"({"spec":{"attacher":"A_","nodeName":"n","source":{"persistentVolumeName":"pv"}}})",
        {"spec.attacher: Invalid value: \"A_\""}},
       {R"({"spec":{"attacher":"a","nodeName":"n","source":{"inlineVolumeSpec":{"capacity":{"storage":"1"},
            "storageClassName":"c","persistentVolumeReclaimPolicy":"Delete","nfs":{"server":"s","path":"/p"}}}}})",
        {"spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes",
         "spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes",
         "spec.source.inlineVolumeSpec.accessModes: Required value",
         "spec.source.inlineVolumeSpec.persistentVolumeReclaimPolicy: Forbidden: may only be Retain",
         "spec.source.inlineVolumeSpec.storageClassName: Forbidden: may not be specified"}},
       {R"({"spec":{"attacher":"b","nodeName":"n","source":{"persistentVolumeName":"pv"}}})",
        {"spec: Invalid value: {\"Attacher\":\"b\",\"Source\":{"},
        good}});
}

TEST(DeviceClaimRules, RequestsAreNamedAndReferredTo) {
  expect_all<resource::ResourceClaim>(
      validate_resource_claim,
      {{R"({"spec":{"devices":{"requests":[{}]}}})",
        {"spec.devices.requests[0].name: Invalid value: \"\": a lowercase RFC 1123 label",
         "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required"}},
       {R"({"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"a","allocationMode":"All","count":2}}]}}})",
        {"spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is "
         "'All'"}},
       {R"({"spec":{"devices":{"requests":[{"name":"r","firstAvailable":[{"name":"s","deviceClassName":"a","allocationMode":"ExactCount",
            "count":1}]}],"constraints":[{"requests":["r/s","r/t"],"matchAttribute":"example.com/x"}],"config":[{"requests":["r"]}]}}})",
        {"spec.devices.constraints[0].requests[1]: Invalid value: \"r/t\": must be the name of a request in the claim",
         "spec.devices.config[0].opaque: Required value"}},
       {R"({"spec":{"devices":{"requests":[{"name":"r"}]}}})",
        {"spec: Invalid value: {\"Devices\":"},
        R"({"spec":{}})"}});
}

TEST(DeviceSliceRules, SlicesSayWhereTheirDevicesAreAndWhatTheyHave) {
  expect_all<resource::ResourceSlice>(
      validate_resource_slice,
      {{R"({"spec":{"driver":"d","pool":{"name":"p","resourceSliceCount":1},"nodeName":"n","allNodes":true}})",
        {"spec: Invalid value: \"{`nodeName`, `allNodes`}\": exactly one of `nodeName`, `nodeSelector`, `allNodes`, "
         "`perDeviceNodeSelection` is required, but multiple fields are set"}},
       {R"({"spec":{"driver":"d","pool":{"name":"p","resourceSliceCount":1},"nodeName":"n","devices":[{"name":"x","nodeName":"n",
            "attributes":{"a":{"version":"1.x"},"b/c/d":{}}},{"name":"x"}]}})",
        {"spec.devices[0].attributes[a].version: Invalid value: \"1.x\": must be a string compatible with semver.org "
         "spec 2.0.0",
         "spec.devices[0].attributes[b/c/d]: Invalid value: \"b/c/d\"",
         "spec.devices[0].attributes[b/c/d]: Invalid value: \"\": exactly one value must be specified",
         "spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set",
         "spec.devices[1]: Duplicate value: \"x\""}},
       {R"({"spec":{"driver":"e","pool":{"name":"p","resourceSliceCount":1},"nodeName":"n"}})",
        {"spec.driver: Invalid value: \"e\": field is immutable"},
        R"({"spec":{"driver":"d","pool":{"name":"p","resourceSliceCount":1},"nodeName":"n"}})"}});
}

}  // namespace
}  // namespace apiserver
