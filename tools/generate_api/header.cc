#include <set>

#include "emit.h"
#include "names.h"

namespace {

std::string emit_enum(const std::string& full_name, const Json& values, const std::string& indent) {
  size_t dot = full_name.find('.');
  std::string out = indent + "enum class " + full_name.substr(dot == std::string::npos ? 0 : dot + 1) + " : int32_t {";
  for (const auto& [name, value] : values.members) {
    if (!out.ends_with('{')) out += ",";
    out += " " + enumerator_name(name) + " = " + value.text;
  }
  return out + " };\n";
}

std::string initializer(const Member& member) {
  if (member.holder != "Value") return "";
  if (member.shape == "Bool") return " = false";
  if (member.shape == "Enum") return " = {}";
  if (member.shape.starts_with("Int3") || member.shape.starts_with("Int6") || member.shape.starts_with("UInt") ||
      member.shape == "Double") {
    return " = 0";
  }
  return "";
}

std::string comment(const Member& member) {
  const Json& values = (*member.source)["enum"];
  if (values.items.empty()) return "";
  std::string out;
  for (const Json& value : values.items) out += (out.empty() ? "  // " : ", ") + value.text;
  return out.size() > 90 ? "" : out;
}

std::string emit_struct(const Unit& unit, const Struct& type) {
  std::string bases;
  for (const Member& member : type.members) {
    if (member.inlined) bases += (bases.empty() ? " : " : ", ") + member.type->qualified();
  }
  std::string out = "struct " + type.name + bases + " {\n";
  for (const std::string& name : type.enums) out += emit_enum(name, unit.source["enums"][name], "  ");
  if (!type.aggregate()) {
    const std::string& name = type.name;
    out += "  " + name + "();\n  ~" + name + "();\n  " + name + "(const " + name + "&);\n  " + name + "(" + name +
           "&&) noexcept;\n  " + name + "& operator=(const " + name + "&);\n  " + name + "& operator=(" + name +
           "&&) noexcept;\n";
  }
  for (const Member& member : type.members) {
    if (!member.inlined) {
      out += "  " + member.cpp_type() + " " + member.name + initializer(member) + ";" + comment(member) + "\n";
    }
  }
  if (type.has_given_word()) out += "  uint32_t given_empty = 0;  // see schema/given.h\n";
  out += "\n  bool operator==(const " + type.name + "& other) const;\n";
  out += "  static const ::schema::Type kType;\n";
  return out + "};\n\n";
}

// Paths of the methods of a gRPC service.
std::string emit_services(const Unit& unit) {
  std::string out;
  for (const auto& [service, methods] : unit.source["services"].members) {
    std::string name = member_name(service);
    out += "// gRPC service " + service + ".\nnamespace " + name + " {\n";
    for (const Json& method : methods.items) {
      out += "// " + method["request"].text + (method["clientStream"] ? " (stream)" : "") + " -> " +
             method["response"].text + (method["serverStream"] ? " (stream)" : "") + "\n";
      out += "inline constexpr std::string_view k" + method["name"].text + " = " + literal(method["path"].text) + ";\n";
    }
    out += "}  // namespace " + name + "\n\n";
  }
  return out;
}

}  // namespace

std::string emit_header(const Unit& unit) {
  std::set<std::string> includes;
  for (const auto& type : unit.structs) {
    for (const Member& member : type->members) {
      if (member.scalar == "::base::Quantity") includes.insert("base/quantity.h");
      if (member.scalar == "::base::Time") includes.insert("base/time.h");
      if (member.scalar == "::schema::Duration") includes.insert("schema/duration.h");
      if (member.scalar == "::schema::IntOrString") includes.insert("schema/int_or_string.h");
      if (member.holder == "Box") includes.insert("schema/box.h");
    }
  }
  for (const Unit* other : unit.includes) includes.insert("api/" + other->name + ".h");

  std::string out = kGeneratedLine;
  out +=
      "#pragma once\n\n#include <cstdint>\n#include <map>\n#include <optional>\n#include <string>\n"
      "#include <string_view>\n#include <vector>\n\n";
  for (const std::string& include : includes) out += "#include \"" + include + "\"\n";
  out += "\nnamespace schema {\nstruct Type;\n}\n\nnamespace api::" + unit.name + " {\n\n";
  for (const auto& [name, values] : unit.source["enums"].members) {
    if (name.find('.') == std::string::npos) out += emit_enum(name, values, "") + "\n";
  }
  for (const auto& type : unit.structs) out += "struct " + type->name + ";\n";
  out += "\n";
  for (const auto& type : unit.structs) out += emit_struct(unit, *type);
  out += emit_services(unit);
  return out + "}  // namespace api::" + unit.name + "\n";
}
