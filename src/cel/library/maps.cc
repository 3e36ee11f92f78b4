// What transformMap and its kin become.

#include "base/strings.h"
#include "cel/library/libraries.h"
#include "cel/operators.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;

Value insert_all(const Value& map, std::span<const std::pair<Value, Value>> added) {
  std::vector<std::pair<Value, Value>> entries;
  entries.reserve(map.map_size() + added.size());
  for (size_t i = 0; i < map.map_size(); ++i) entries.push_back(map.map_entry(i));
  for (const auto& [key, value] : added) {
    if (map.map_find(key)) return Value::error(base::cat({"insert failed: key ", text_of_key(key), " already exists"}));
    entries.emplace_back(key, value);
  }
  return Value::of_map(std::move(entries));
}

Value insert(Arguments a) {
  std::pair<Value, Value> entry{a[1], a[2]};
  return insert_all(a[0], {&entry, 1});
}
Value insert_map(Arguments a) {
  std::vector<std::pair<Value, Value>> added;
  for (size_t i = 0; i < a[1].map_size(); ++i) added.push_back(a[1].map_entry(i));
  return insert_all(a[0], added);
}

}  // namespace

void add_maps(Functions& f) {
  TypeRef k = type_parameter("K");
  TypeRef v = type_parameter("V");
  TypeRef map = map_type(k, v);
  f.global("cel.@mapInsert", "@mapInsert_map_key_value", {map, k, v}, map, insert);
  f.global("cel.@mapInsert", "@mapInsert_map_map", {map, map}, map, insert_map);
}

}  // namespace cel::library
