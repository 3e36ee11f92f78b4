// What the protobuf decoder takes, it can write and take again with the same content.
#include <cstdint>
#include <cstdlib>

#include "api/apiextensions_k8s_io_v1.h"
#include "api/core_v1.h"
#include "api/cri.h"
#include "schema/json.h"
#include "schema/protobuf.h"

namespace {

template <class T>
void check(std::string_view message) {
  auto first = schema::from_protobuf<T>(message);
  if (!first) return;
  auto second = schema::from_protobuf<T>(schema::to_protobuf(*first));
  if (!second || !(*first == *second)) abort();
  if (!schema::from_json<T>(schema::to_json(*first))) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check<api::core_v1::Pod>(bytes);
  check<api::apiextensions_k8s_io_v1::CustomResourceDefinition>(bytes);
  if (auto first = schema::from_protobuf<api::cri::ContainerStatusResponse>(bytes)) {
    if (schema::from_protobuf<api::cri::ContainerStatusResponse>(schema::to_protobuf(*first)) != *first) abort();
  }
  (void)schema::decode_envelope(bytes);
  return 0;
}
