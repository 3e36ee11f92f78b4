// What the JSON decoder takes, it can write and take again with the same content.
#include <cstdint>
#include <cstdlib>

#include "api/apiextensions_k8s_io_v1.h"
#include "api/core_v1.h"
#include "schema/json.h"

namespace {

template <class T>
void check(std::string_view text) {
  std::vector<std::string> strict;
  auto first = schema::from_json<T>(text, &strict);
  if (!first) return;
  auto second = schema::from_json<T>(schema::to_json(*first));
  if (!second || !(*first == *second)) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check<api::core_v1::Pod>(text);
  check<api::apiextensions_k8s_io_v1::CustomResourceDefinition>(text);
  (void)schema::read_type_meta(text);
  return 0;
}
