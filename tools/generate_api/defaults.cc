#include "emit.h"
#include "names.h"

namespace {

// What a rule may say; anything else is a slip in the schemas.
std::string emit_rule(const Struct& type, const Json& rule) {
  std::string value = rule.contains("value") ? rule["value"].dump() : "";
  std::string condition = rule.contains("if") ? rule["if"].dump() : "";
  return "  {&" + type.qualified() + "::kType, " + literal(rule["path"].text) + ", " + literal(value) + ", " +
         literal(condition) + ", " + literal(rule["computed"].text) + "},\n";
}

}  // namespace

std::string emit_defaults(const Model& model) {
  std::string headers, rules;
  for (const auto& unit : model.units) {
    std::string of_unit;
    for (const auto& type : unit->structs) {
      for (const Json& rule : (*type->source)["defaults"].items) of_unit += emit_rule(*type, rule);
    }
    if (of_unit.empty()) continue;
    headers += "#include \"api/" + unit->name + ".h\"\n";
    rules += of_unit;
  }
  return std::string(kGeneratedLine) + headers +
         "#include \"schema/default_rules.h\"\n\nnamespace schema {\nnamespace {\n\nconstexpr DefaultRule kRules[] = "
         "{\n" +
         rules +
         "};\n\n}  // namespace\n\nstd::span<const DefaultRule> default_rules() { return kRules; }\n\n}  // namespace "
         "schema\n";
}
