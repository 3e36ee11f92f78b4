#include "schema/apply/list_item.h"

#include "base/strings.h"

namespace schema::apply {
namespace {

std::unexpected<base::Error> refuse(std::string message) {
  return base::fail(base::Code::BadRequest, std::move(message));
}

base::Result<PathElement> of_set(const Value& item) {
  if (item.is_object()) return refuse("associative list without keys has an element that's a map type");
  if (item.is_array()) return refuse("not supported: associative list with lists as elements");
  if (item.is_null()) return refuse("associative list without keys has an element that's an explicit null");
  return PathElement::value(item);
}

}  // namespace

base::Result<PathElement> path_element(const TypeRef& list, const Value& item) {
  if (list.key_count() == 0) return of_set(item);
  if (item.is_null()) return refuse("associative list with keys may not have a null element");
  if (!item.is_object()) return refuse("associative list with keys may not have non-map elements");
  PathElement::Keys keys;
  for (size_t i = 0; i < list.key_count(); ++i) {
    if (const Value* value = item.find(list.key(i))) {
      keys.emplace_back(list.key(i), *value);
    } else if (auto value = list.key_default(list.key(i))) {
      keys.emplace_back(list.key(i), std::move(*value));
    }
  }
  if (!keys.empty()) return PathElement::key(std::move(keys));
  std::string names;
  for (size_t i = 0; i < list.key_count(); ++i) names += (i == 0 ? "" : " ") + base::quote(list.key(i));
  return refuse(base::cat({"associative list with keys has an element that omits all key fields [", names,
                           "] (and doesn't have default values for any key fields)"}));
}

}  // namespace schema::apply
