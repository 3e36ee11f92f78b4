#include "apiserver/openapi/merge.h"

#include <map>
#include <set>

#include "base/log.h"
#include "base/strings.h"
#include "schema/value.h"

namespace apiserver::openapi {
namespace {

using schema::Value;

constexpr std::string_view kReference = "#/definitions/";

// Every reference to a definition in `value`, to be read or renamed.
template <class V, class Visit>
void visit_references(V& value, const Visit& visit) {
  if (value.is_array()) {
    for (auto& element : value.as_array()) visit_references(element, visit);
  } else if (value.is_object()) {
    for (auto& member : value.as_object()) {
      if (member.key == "$ref" && member.value.is_string() && member.value.as_string().starts_with(kReference)) {
        visit(member.value);
      } else {
        visit_references(member.value, visit);
      }
    }
  }
}

bool is_below(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

// One document on its way into another.
class Merge {
 public:
  Merge(Value& into, Value from) : into_(into), from_(std::move(from)) {}

  void run(std::string_view prefix) {
    auto* paths = from_.find("paths");
    if (paths == nullptr || !paths->is_object()) return;
    std::vector<std::string> mine;
    for (const auto& member : paths->as_object()) {
      if (!is_below(member.key, prefix)) continue;
      mine.push_back(member.key);
      visit_references(member.value, [this](const Value& reference) { want(reference); });
    }
    for (const auto& [name, definition] : wanted_) settle_name(name, *definition);
    for (const auto& [name, definition] : wanted_) {
      const auto& to = names_.at(name);
      if (into_.find("definitions")->find(to) == nullptr)
        into_.ensure_object({"definitions"}).set(to, renamed(*definition));
    }
    for (const auto& path : mine) {
      if (into_.at({"paths", path}) == nullptr) into_.ensure_object({"paths"}).set(path, renamed(*paths->find(path)));
    }
  }

 private:
  void want(const Value& reference) {
    std::string name = reference.as_string().substr(kReference.size());
    const Value* definition = from_.at({"definitions", name});
    if (definition == nullptr || !wanted_.emplace(name, definition).second) return;
    visit_references(*definition, [this](const Value& inner) { want(inner); });
  }

  // Its own name where that is free or says the same.
  void settle_name(const std::string& name, const Value& definition) {
    auto& taken = into_.ensure_object({"definitions"});
    std::string candidate = name;
    for (int i = 2;; ++i) {
      const Value* there = taken.find(candidate);
      if (there == nullptr || same(*there, definition)) break;
      candidate = base::cat({name, "_v", std::to_string(i)});
    }
    names_[name] = candidate;
  }

  // Who uses a type does not make it another one.
  static bool same(const Value& a, const Value& b) {
    if (!a.is_object() || !b.is_object()) return a == b;
    auto left = a.as_object();
    auto right = b.as_object();
    left.erase("x-kubernetes-group-version-kind");
    right.erase("x-kubernetes-group-version-kind");
    return left == right;
  }

  Value renamed(Value value) const {
    visit_references(value, [this](Value& reference) {
      auto at = names_.find(reference.as_string().substr(kReference.size()));
      if (at != names_.end()) reference = Value(base::cat({kReference, at->second}));
    });
    return value;
  }

  Value& into_;
  const Value from_;
  std::map<std::string, const Value*> wanted_;
  std::map<std::string, std::string> names_;  // here, by the name there
};

}  // namespace

std::string merge_v2(const std::string& ours, const std::vector<RemoteDocument>& others) {
  if (others.empty()) return ours;
  auto whole = Value::parse(ours);
  if (!whole) return ours;
  whole->ensure_object({"definitions"});
  for (const auto& other : others) {
    auto document = Value::parse(other.json);
    if (!document) {
      LOG_WARNING("An OpenAPI document cannot be read", {"of", other.prefix}, {"err", document.error().message()});
      continue;
    }
    Merge(*whole, std::move(*document)).run(other.prefix);
  }
  return whole->to_json();
}

}  // namespace apiserver::openapi
