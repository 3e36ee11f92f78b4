// The schemas of the API's structs, as OpenAPI tells them: pure functions of the type tables.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "apiserver/openapi/json_writer.h"
#include "schema/type.h"

namespace apiserver::crd {
class Kind;
}

namespace apiserver::openapi {

// The two published forms: Swagger 2.0 (/openapi/v2) and OpenAPI 3.0 (/openapi/v3). Defaults and unions of types are
// told in the second only, as upstream does.
enum class Dialect : uint8_t { V2, V3 };

// "io.k8s.api.core.v1.Pod"
std::string schema_name(const schema::Type& type);
// "#/components/schemas/io.k8s.api.core.v1.Pod"
std::string reference(Dialect dialect, std::string_view schema_name);
void write_reference(JsonWriter& json, Dialect dialect, std::string_view schema_name);  // {"$ref": ...}

// The schemas of one document: what was added and all that it refers to.
class SchemaSet {
 public:
  void add(const schema::Type& type);
  void add(std::string_view special);  // kPatch
  void add(const crd::Kind& kind);     // and its list; outlives the set
  bool contains(std::string_view name) const;
  // An object of all schemas, by name in order.
  void write(JsonWriter& json, Dialect dialect) const;

  static constexpr std::string_view kPatch = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";

 private:
  struct ByName {
    bool operator()(const schema::Type* a, const schema::Type* b) const;
  };
  std::set<const schema::Type*, ByName> types_;
  std::map<std::string, const crd::Kind*> customs_;  // by name of the schema
  std::set<std::string, std::less<>> specials_;      // those that are no struct of ours: Time, Quantity, ...
};

}  // namespace apiserver::openapi
