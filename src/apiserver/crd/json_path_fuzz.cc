// Columns of custom kinds are paths that anybody who may define kinds writes; objects are anything.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "apiserver/crd/json_path.h"
#include "schema/value.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto end = text.find('\n');
  auto path = apiserver::crd::JsonPath::parse(text.substr(0, end));
  if (!path) return 0;
  auto value =
      schema::Value::parse(end == std::string_view::npos ? R"({"a":[1,{"b":"c"}],"d":null})" : text.substr(end + 1));
  if (value) (void)path->find(*value);
  return 0;
}
