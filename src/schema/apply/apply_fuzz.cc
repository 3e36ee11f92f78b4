// Field sets and merging, on any input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "api/core_v1.h"
#include "schema/apply/comparison.h"
#include "schema/apply/typed.h"

using namespace schema::apply;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto set = FieldSet::parse(text)) {
    auto again = FieldSet::parse(set->to_fields_v1());
    if (!again || *again != *set) abort();
  }
  auto cut = text.find('\n');
  auto live = schema::Value::parse(text.substr(0, cut));
  auto config = schema::Value::parse(cut == std::string_view::npos ? text : text.substr(cut + 1));
  if (!live || !config) return 0;
  for (TypeRef type : {TypeRef::of(api::core_v1::Pod::kType), TypeRef::structural(*live), TypeRef::deduced()}) {
    if (!validate(type, *live, Duplicates::Allowed) || !validate(type, *config, Duplicates::Refused)) continue;
    auto merged = merge(type, *live, *config);
    if (!merged) continue;
    compare(type, *live, *merged);
    remove_fields(type, *merged, with_named_fields(type, field_set(type, *config)));
  }
  return 0;
}
