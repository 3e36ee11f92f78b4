#include <algorithm>

#include "base/strings.h"
#include "schema/patch.h"
#include "schema/type.h"

namespace schema {

namespace {

using base::cat;
using base::Code;
using base::fail;
using base::Result;

constexpr std::string_view kPatch = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kSetElementOrder = "$setElementOrder";
constexpr std::string_view kDeleteFromPrimitiveList = "$deleteFromPrimitiveList";

using Elements = Value::Array;

bool is_directive(std::string_view key) {
  return key == kPatch || key == kRetainKeys || key.starts_with(cat({kSetElementOrder, "/"})) ||
         key.starts_with(cat({kDeleteFromPrimitiveList, "/"}));
}

// How a field merges. The type is that of the struct, or of the struct in the list; null when there is none.
struct Strategy {
  const Type* type = nullptr;
  bool merge = false;    // of lists
  bool replace = false;  // of objects
  std::string_view merge_key;
};

Strategy strategy_of(const Type* type, std::string_view key) {
  const Field* field = type == nullptr ? nullptr : type->find(key);
  if (field == nullptr) return {};
  return {field->type, field->has(Field::PatchMerge), field->has(Field::PatchReplace),
          field->notes == nullptr ? std::string_view() : field->notes->merge_key};
}

std::unexpected<base::Error> unknown_directive(const Value& directive, const Value& map) {
  return fail(Code::Internal, cat({"unknown patch type: ", directive.to_go_string(), " in map: ", map.to_go_string()}));
}

std::unexpected<base::Error> no_merge_key(const Value& map, std::string_view key) {
  return fail(Code::Invalid, cat({"map: ", map.to_go_string(), " does not contain declared merge key: ", key}));
}

bool is_text(const Value& value, std::string_view text) {
  return value.is_string() && value.as_string() == text;
}

bool is_marked(const Value& element) {
  return element.find(kPatch) != nullptr;
}
bool is_deletion(const Value& element) {
  const Value* directive = element.find(kPatch);
  return directive != nullptr && is_text(*directive, "delete");
}

// What a patch says about something that is not there yet: without its directives, and without what they delete. False
// when nothing is left.
bool strip(Value& value) {
  if (value.is_array()) {
    std::erase_if(value.as_array(), [](Value& element) { return !strip(element); });
    return true;
  }
  if (!value.is_object()) return true;
  if (is_deletion(value)) return false;
  std::vector<std::string> gone;
  for (Member& member : value.as_object()) {
    if (is_directive(member.key) || member.value.is_null() || !strip(member.value)) gone.push_back(member.key);
  }
  for (const std::string& key : gone) value.as_object().erase(key);
  return true;
}

// Whether two elements are the same one: by the merge key, or by value when there is none.
bool same(const Value& a, const Value& b, std::string_view key) {
  if (key.empty()) return a == b;
  const Value* a_key = a.find(key);
  const Value* b_key = b.find(key);
  return a_key != nullptr && b_key != nullptr && *a_key == *b_key;
}

// Where `element` stands in `order`; order.size() when it does not.
size_t rank(const Elements& order, const Value& element, std::string_view key) {
  size_t at = 0;
  while (at < order.size() && !same(order[at], element, key)) ++at;
  return at;
}

void sort_by(Elements& elements, const Elements& order, std::string_view key) {
  std::vector<std::pair<size_t, Value>> ranked;
  ranked.reserve(elements.size());
  for (Value& element : elements) ranked.emplace_back(rank(order, element, key), std::move(element));
  // Lists are short, and equal ranks keep their order.
  for (size_t i = 1; i < ranked.size(); ++i) {
    for (size_t j = i; j > 0 && ranked[j].first < ranked[j - 1].first; --j) std::swap(ranked[j], ranked[j - 1]);
  }
  for (size_t i = 0; i < ranked.size(); ++i) elements[i] = std::move(ranked[i].second);
}

// The merged list in its final order: what the patch names as the patch orders it, the rest as the server had it; the
// two are interleaved by the server's order where it knows both.
Elements arrange(Elements merged, const Elements& patch_order, const Elements& server_order, std::string_view key) {
  Elements named, rest;
  for (Value& element : merged) {
    (rank(patch_order, element, key) < patch_order.size() ? named : rest).push_back(std::move(element));
  }
  sort_by(named, patch_order, key);
  sort_by(rest, server_order, key);
  Elements out;
  size_t i = 0, j = 0;
  while (i < rest.size() || j < named.size()) {
    bool take_rest = j == named.size();
    if (!take_rest && i < rest.size()) {
      size_t rest_rank = rank(server_order, rest[i], key);
      size_t named_rank = rank(server_order, named[j], key);
      take_rest = rest_rank < named_rank && named_rank < server_order.size();
    }
    out.push_back(std::move(take_rest ? rest[i++] : named[j++]));
  }
  return out;
}

Result<void> merge_map(Value& original, Value patch, const Type* type);

Result<void> check_elements(const Elements& original, const Elements& patch, bool& maps) {
  bool any = false;
  for (const Elements* list : {&original, &patch}) {
    for (const Value& element : *list) {
      if (element.is_null()) continue;
      if (element.is_array()) return fail(Code::Invalid, "lists of lists are not supported");
      if (any && maps != element.is_object()) return fail(Code::Invalid, "expected all elements to have the same type");
      maps = element.is_object();
      any = true;
    }
  }
  if (!any) return fail(Code::Invalid, "no elements in any of the given slices");
  return {};
}

// Elements of maps, merged by key. `patch` loses the elements that carry a directive, `original` those that are
// deleted.
Result<Elements> merge_maps(Elements& original, Elements& patch, const Strategy& strategy) {
  Elements plain;
  bool replace = false;
  for (Value& element : patch) {
    const Value* directive = element.find(kPatch);
    if (directive == nullptr) {
      plain.push_back(std::move(element));
    } else if (is_text(*directive, "replace")) {
      replace = true;
    } else if (is_text(*directive, "delete")) {
      if (element.find(strategy.merge_key) == nullptr) return no_merge_key(element, strategy.merge_key);
      std::erase_if(original, [&](const Value& one) { return same(one, element, strategy.merge_key); });
    } else if (is_text(*directive, "merge")) {
      return fail(Code::Internal, "merging lists cannot yet be specified in the patch");
    } else {
      return unknown_directive(*directive, element);
    }
  }
  if (replace) {
    original = std::move(plain);
    patch.clear();
    return original;
  }
  patch = plain;
  Elements merged = original;
  for (Value& element : plain) {
    if (element.find(strategy.merge_key) == nullptr) return no_merge_key(element, strategy.merge_key);
    size_t at = rank(merged, element, strategy.merge_key);
    if (at < merged.size()) {
      TRY(merge_map(merged[at], std::move(element), strategy.type));
    } else {
      strip(element);
      merged.push_back(std::move(element));
    }
  }
  return merged;
}

Result<Elements> merge_list(Elements original, Elements patch, const Strategy& strategy, bool deletes) {
  if (!strategy.merge && !deletes) {
    Value replacement(std::move(patch));
    strip(replacement);
    return std::move(replacement.as_array());
  }
  if (original.empty() && patch.empty()) return original;
  bool maps = false;
  TRY(check_elements(original, patch, maps));
  if (maps) {
    if (strategy.merge_key.empty()) {
      return fail(Code::Internal, cat({"cannot merge lists without merge key for ",
                                       strategy.type == nullptr ? "" : strategy.type->name}));
    }
    TRY(Elements merged, merge_maps(original, patch, strategy));
    return arrange(std::move(merged), patch, original, strategy.merge_key);
  }
  if (deletes) {
    std::erase_if(original, [&](const Value& element) { return rank(patch, element, "") < patch.size(); });
    return original;
  }
  Elements merged;
  for (const Elements* list : {&original, &patch}) {
    for (const Value& element : *list) {
      if (rank(merged, element, "") == merged.size()) merged.push_back(element);
    }
  }
  return arrange(std::move(merged), patch, original, "");
}

// $retainKeys: only these stay.
Result<void> retain_keys(Value& original, Value& patch) {
  const Value* directive = patch.find(kRetainKeys);
  if (directive == nullptr) return {};
  Value kept = *directive;
  patch.as_object().erase(kRetainKeys);
  auto refuse = [] { return fail(Code::BadRequest, "invalid patch format of retainKeys"); };
  if (!kept.is_array()) return refuse();
  auto keeps = [&](std::string_view key) {
    return std::ranges::any_of(kept.as_array(), [&](const Value& one) { return is_text(one, key); });
  };
  for (const Member& member : patch.as_object()) {
    if (!member.value.is_null() && !is_directive(member.key) && !keeps(member.key)) return refuse();
  }
  std::vector<std::string> gone;
  for (const Member& member : original.as_object()) {
    if (!keeps(member.key)) gone.push_back(member.key);
  }
  for (const std::string& key : gone) original.as_object().erase(key);
  return {};
}

// That the elements a patch carries stand in the order it asks for.
Result<void> check_order(const Elements& patch, const Elements& order, std::string_view key) {
  Elements carried;
  for (const Value& element : patch) {
    if (!is_marked(element)) carried.push_back(element);
  }
  size_t at = 0;
  for (const Value& place : order) {
    if (at < carried.size() && same(carried[at], place, key)) ++at;
  }
  if (at == carried.size()) return {};
  return fail(Code::Internal, cat({"The order in patch list:\n", Value(patch).to_go_string(), "\n doesn't match ",
                                   kSetElementOrder, " list:\n", Value(order).to_go_string(), "\n"}));
}

// $setElementOrder/<list> together with <list>; both leave the patch.
Result<void> order_list(Value& original, Value& patch, std::string_view directive, const Type* type) {
  std::string name(directive.substr(kSetElementOrder.size() + 1));
  Value order_value = *patch.find(directive);
  patch.as_object().erase(directive);
  if (!order_value.is_array()) return fail(Code::BadRequest, "invalid patch format of setElementOrder list");
  const Elements& order = order_value.as_array();
  const Value* found = original.find(name);
  const Value* carried = patch.find(name);
  if (carried != nullptr && carried->is_null()) return {};  // removed below, like any null
  bool has_original = found != nullptr && found->is_array();
  bool has_patch = carried != nullptr && carried->is_array();
  if (!has_original && !has_patch) return {};
  Strategy strategy = strategy_of(type, name);
  Elements server = has_original ? found->as_array() : Elements();
  Elements merged = server;
  if (has_patch) {
    Elements list = carried->as_array();
    patch.as_object().erase(name);
    TRY(check_order(list, order, strategy.merge_key));
    if (has_original) {
      TRY(merged, merge_list(server, std::move(list), strategy, false));
    } else {
      Value added(std::move(list));
      strip(added);
      merged = std::move(added.as_array());
    }
  }
  original.as_object().set(name, arrange(std::move(merged), order, server, strategy.merge_key));
  return {};
}

Result<void> merge_map(Value& original, Value patch, const Type* type) {
  if (const Value* directive = patch.find(kPatch)) {
    if (is_text(*directive, "replace")) {
      strip(patch);
      original = std::move(patch);
      return {};
    }
    if (!is_text(*directive, "delete")) return unknown_directive(*directive, patch);
    original = Value::object();
    return {};
  }
  if (!original.is_object()) original = Value::object();
  TRY(retain_keys(original, patch));
  std::vector<std::string> orders;
  for (const Member& member : patch.as_object()) {
    if (member.key.starts_with(cat({kSetElementOrder, "/"}))) orders.push_back(member.key);
  }
  for (const std::string& directive : orders) TRY(order_list(original, patch, directive, type));

  for (Member& member : patch.as_object()) {
    bool deletes = member.key.starts_with(cat({kDeleteFromPrimitiveList, "/"}));
    std::string key = deletes ? member.key.substr(kDeleteFromPrimitiveList.size() + 1) : member.key;
    Value& value = member.value;
    if (value.is_null()) {
      original.as_object().erase(key);
      continue;
    }
    Value* present = original.find(key);
    bool objects = present != nullptr && present->is_object() && value.is_object();
    bool lists = present != nullptr && present->is_array() && value.is_array();
    if (!objects && !lists) {
      if (!deletes && strip(value)) original.as_object().set(key, std::move(value));
      continue;
    }
    Strategy strategy = strategy_of(type, key);
    if (lists) {
      TRY(*present, merge_list(std::move(present->as_array()), std::move(value.as_array()), strategy, deletes));
    } else if (strategy.replace) {
      strip(value);
      *present = std::move(value);
    } else {
      TRY(merge_map(*present, std::move(value), strategy.type));
    }
  }
  return {};
}

}  // namespace

Result<Value> apply_strategic_patch(const Type& type, Value document, std::string_view patch) {
  TRY(Value parsed, Value::parse(patch));
  return merge_strategically(type, std::move(document), std::move(parsed));
}

Result<Value> merge_strategically(const Type& type, Value document, Value patch) {
  if (patch.is_null()) return document;
  if (!patch.is_object()) {
    return fail(Code::BadRequest,
                cat({"json: cannot unmarshal ", patch.kind_name(), " into Go value of type map[string]interface {}"}));
  }
  TRY(merge_map(document, std::move(patch), &type));
  return document;
}

}  // namespace schema
