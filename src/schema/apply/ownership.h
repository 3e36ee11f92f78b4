// How writes change who owns which fields: the rules of server-side apply, over trees and field sets. Pure.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "schema/apply/comparison.h"
#include "schema/apply/filter.h"
#include "schema/apply/managed.h"
#include "schema/apply/typed.h"

namespace schema::apply {

// The versions a kind has. Trees say themselves (apiVersion) which they are of.
class Versions {
 public:
  virtual ~Versions() = default;
  virtual std::optional<TypeRef> type(std::string_view api_version) const = 0;  // nothing: there is no such version
  virtual base::Result<Value> convert(const Value& object, std::string_view api_version) const = 0;
};

// A create, an update or a patch: all but apply. What it changed its manager owns from now on, and those who owned it
// before do no more.
struct Update {
  const Versions& versions;
  std::string_view api_version;  // that it was made in
  const FieldFilter& filter;
  ManagerId manager;
  base::Time now;
  Comparison comparison;        // between the live and the next state, in that version, unfiltered
  ValueAt live_at;              // of the live state
  std::function<Value()> live;  // as trees, where other versions are to be compared
  std::function<Value()> next;
};
base::Result<void> update(Managed& managed, Update update);

struct Conflict {
  ManagerId manager;
  Path path;
};

// Why nothing was applied: somebody else's fields, or else what the message says.
struct Refusal {
  std::vector<Conflict> conflicts;
  std::string message;
};

struct Apply {
  const Versions& versions;
  std::string_view api_version;
  const FieldFilter& filter;
  ManagerId manager;
  base::Time now;
  const Value& live;
  const Value& config;  // valid by its schema
  bool force = false;
};
// The next state; nothing when it is the live one. What the manager applied before and does not now goes, unless
// somebody else has it too. `managed` is right only after a success.
std::expected<std::optional<Value>, Refusal> apply(Managed& managed, const Apply& apply);

}  // namespace schema::apply
