#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "emit.h"
#include "names.h"

namespace {

const Struct& kind_of(const Model& model, const std::string& group, const std::string& version,
                      const std::string& kind) {
  for (const auto& unit : model.units) {
    if (unit->group != group || unit->version != version) continue;
    for (const auto& type : unit->structs) {
      if (type->name == kind) return *type;
    }
  }
  fprintf(stderr, "schemas: a resource of the unknown kind %s/%s %s\n", group.c_str(), version.c_str(), kind.c_str());
  exit(1);
}

std::string array(const std::string& type, const std::vector<std::string>& rows, std::string& declarations) {
  if (rows.empty()) return "{}";
  std::string name = "k" + type + std::to_string(declarations.size());
  declarations += "constexpr " + type + " " + name + "[] = {";
  for (const std::string& row : rows) declarations += "\n    " + row + ",";
  declarations += "\n};\n";
  return name;
}

std::string columns_of(const Json& resource, std::string& declarations) {
  std::vector<std::string> rows;
  for (const Json& column : resource["columns"].items) {
    rows.push_back("{" + literal(column["name"].text) + ", " + literal(column["type"].text) + ", " +
                   literal(column["format"].text) + ", " + std::to_string(column["priority"].number()) + "}");
  }
  if (rows.empty()) return "kDefaultColumns";
  return array("Column", rows, declarations);
}

std::string subresources_of(const Model& model, const Unit& unit, const Json& resource, std::string& declarations) {
  std::vector<std::string> rows;
  for (const Json& sub : resource["subresources"].items) {
    bool foreign = sub.contains("version");
    std::string group = foreign ? sub["group"].text : unit.group;
    std::string version = foreign ? sub["version"].text : unit.version;
    const Struct& type = kind_of(model, group, version, sub["kind"].text);
    rows.push_back("{" + literal(sub["name"].text) + ", " + literal(group) + ", " + literal(version) + ", " +
                   literal(type.name) + ", " + string_span(sub["verbs"].strings(), declarations) + ", &" +
                   type.qualified() + "::kType}");
  }
  return array("Subresource", rows, declarations);
}

std::string emit_resource(const Model& model, const Unit& unit, const Json& resource, std::string& declarations) {
  std::vector<std::string> aliases;
  for (const auto& [from, to] : resource["fieldAliases"].members) {
    aliases.push_back("{" + literal(from) + ", " + literal(to.text) + "}");
  }
  std::vector<std::string> labels = resource["selectableFields"].strings();
  if (labels.empty()) labels = {"metadata.name", "metadata.namespace"};
  std::string list_type = "nullptr";
  if (resource["listKind"]) {
    list_type = "&" + kind_of(model, unit.group, unit.version, resource["listKind"].text).qualified() + "::kType";
  }
  const Struct& type = kind_of(model, unit.group, unit.version, resource["kind"].text);
  auto text = [&](const char* name) { return literal(resource[name].text) + ", "; };
  auto texts = [&](const char* name) { return string_span(resource[name].strings(), declarations) + ", "; };
  return "    {" + literal(unit.group) + ", " + literal(unit.version) + ", " + text("plural") + text("singular") +
         text("kind") + text("listKind") + (resource["namespaced"] ? "true" : "false") + ", " +
         (resource["etcdEncoding"].text == "protobuf" ? "true" : "false") + ",\n     " + texts("verbs") +
         texts("shortNames") + texts("categories") + subresources_of(model, unit, resource, declarations) + ",\n     " +
         text("storageVersionHash") + text("storageVersion") + text("etcdKey") + columns_of(resource, declarations) +
         ",\n     " + string_span(labels, declarations) + ", " + array("FieldAlias", aliases, declarations) +
         ",\n     &" + type.qualified() + "::kType, " + list_type + "},\n";
}

}  // namespace

std::string emit_resources(const Model& model) {
  std::string declarations =
      "constexpr Column kDefaultColumns[] = {{\"Name\", \"string\", \"name\", 0}, "
      "{\"Created At\", \"date\", \"\", 0}};\n";
  std::string resources, versions, kinds, includes;
  std::vector<const Unit*> units;
  for (const auto& unit : model.units) units.push_back(unit.get());
  std::ranges::sort(units, {}, [](const Unit* unit) { return std::pair(unit->group, unit->version); });
  for (const Unit* unit : units) {
    includes += "#include \"api/" + unit->name + ".h\"\n";
    for (const auto& type : unit->structs) {
      if (type->kind) kinds += "    &" + type->qualified() + "::kType,\n";
    }
    const Json& rows = unit->source["resources"];
    if (rows.items.empty()) continue;
    versions += "    {" + literal(unit->group) + ", " + literal(unit->version) + ", " +
                std::to_string(unit->source["groupPriority"].number()) + ", " +
                std::to_string(unit->source["versionPriority"].number()) + ", " +
                (unit->source["preferred"] ? "true" : "false") + "},\n";
    for (const Json& row : rows.items) resources += emit_resource(model, *unit, row, declarations);
  }
  std::string out = kGeneratedLine;
  out += includes +
         "#include \"schema/resource.h\"\n#include \"schema/resource_tables.h\"\n\nnamespace schema {\nnamespace {\n\n";
  out += declarations;
  out += "\nconstexpr Resource kAllResources[] = {\n" + resources + "};\n";
  out += "constexpr GroupVersion kAllGroupVersions[] = {\n" + versions + "};\n";
  out += "constexpr const Type* kAllKinds[] = {\n" + kinds + "};\n\n}  // namespace\n\n";
  out += "constinit const std::span<const Resource> kResources = kAllResources;\n";
  out += "constinit const std::span<const GroupVersion> kGroupVersions = kAllGroupVersions;\n";
  out += "constinit const std::span<const Type* const> kKinds = kAllKinds;\n";
  return out + "\n}  // namespace schema\n";
}
