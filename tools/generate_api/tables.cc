#include <algorithm>
#include <set>

#include "emit.h"
#include "names.h"

namespace {

// A row of a table: a member, and where it stands.
struct Row {
  const Member* member;
  std::string offset;
  bool inherited = false;
  std::string given = "";  // the bit, and the offset of its word
};

const std::string& first_name(const Struct& type) {
  for (const Member& member : type.members) {
    if (!member.inlined) return member.name;
    return first_name(*member.type);
  }
  return type.name;
}

std::string base_offset(const Struct& type, const Struct& base) {
  const std::string& name = first_name(base);
  return "offsetof(" + type.qualified() + ", " + name + ") - offsetof(" + base.qualified() + ", " + name + ")";
}

// Of an inherited member the word of its own struct, which may be hidden by one of `type`.
std::string given_of(const Struct& type, const Struct& owner, const Member& member) {
  int bit = owner.given_bit(member);
  if (bit < 0) return "";
  std::string word = "offsetof(" + owner.qualified() + ", given_empty)";
  if (&type != &owner) word += " + " + base_offset(type, owner);
  return ", " + std::to_string(bit) + ", " + word;
}

// What JSON sees, in order, with the members of inlined structs in their place.
void flatten(const Struct& type, const Struct& owner, bool inherited, std::vector<Row>& rows) {
  for (const Member& member : owner.members) {
    if (member.inlined) {
      flatten(type, *member.type, true, rows);
    } else if (!member.json_name.empty()) {
      rows.push_back({&member, "offsetof(" + type.qualified() + ", " + member.name + ")", inherited,
                      given_of(type, owner, member)});
    }
  }
}

std::string flags_of(const Row& row, const Struct& type) {
  bool proto3 = type.unit->proto3;
  bool list_items = type.kind && row.member->json_name == "items";
  const Json& field = *row.member->source;
  int flags = 0;
  const std::string& omit = field["omit"].text;
  const std::string& patch = field["patch"].text;
  if (omit.find("empty") != std::string::npos) flags |= 1;
  if (omit.find("zero") != std::string::npos) flags |= 2;
  if (field["req"]) flags |= 4;
  if (field["ptr"]) flags |= 8;
  if (patch.find("merge") != std::string::npos) flags |= 16;
  if (patch.find("replace") != std::string::npos) flags |= 32;
  if (patch.find("retainKeys") != std::string::npos) flags |= 64;
  if (row.member->wrapped) flags |= 128;
  if (field["typeMeta"]) flags |= 256;
  if (proto3 && field["oneof"]) flags |= 512;
  if (row.inherited) flags |= 1024;
  if (field.contains("emptyArray") ? bool(field["emptyArray"]) : list_items) flags |= 2048;
  return std::to_string(flags);
}

std::string capitalized(std::string text) {
  if (text.empty()) return "None";
  text[0] = static_cast<char>(toupper(text[0]));
  return text;
}

std::string notes_of(const Json& field, std::string& declarations) {
  std::string default_json = field.contains("default") ? field["default"].dump() : "";
  std::string one_of = field["oneOf"] ? field["oneOf"].text : field["zeroOrOneOf"].text;
  std::string keys = string_span(field["keys"].strings(), declarations);
  std::string values = string_span(field["enum"].strings(), declarations);
  std::string validation = string_span(field["dv"].strings(), declarations);
  std::string body = "{" + literal(field["mergeKey"].text) + ", " + keys + ", " + values + ", " +
                     literal(default_json) + ", " + literal(field["format"].text) + ", " + validation + ", " +
                     literal(one_of) + "}";
  if (body == "{\"\", {}, {}, \"\", \"\", {}, \"\"}") return "nullptr";
  std::string name = "kNotes" + std::to_string(declarations.size());
  declarations += "constexpr FieldNotes " + name + " = " + body + ";\n";
  return "&" + name;
}

std::string emit_row(const Row& row, const Struct& type, std::string& declarations) {
  const Member& member = *row.member;
  const Json& field = *member.source;
  std::string of = member.type == nullptr ? "nullptr" : "&" + member.type->qualified() + "::kType";
  return "  {" + literal(member.json_name) + ", " + of + ", " + notes_of(field, declarations) + ", " + row.offset +
         ", " + std::to_string(member.number) + ", " + flags_of(row, type) + ", " +
         std::to_string(member.json_name.size()) + ", Shape::" + member.shape + ", Holder::" + member.holder +
         ", ListType::" + capitalized(field["list"].text) + ", MapType::" + capitalized(field["mapType"].text) +
         row.given + "},\n";
}

bool is_object_meta(const Member& member) {
  return member.json_name == "metadata" && member.type != nullptr && member.type->name == "ObjectMeta";
}

std::string type_flags(const Struct& type) {
  const Json& source = *type.source;
  int flags = 0;
  bool has_items = std::ranges::any_of(type.members, [](const Member& member) { return member.json_name == "items"; });
  bool has_list_meta = std::ranges::any_of(
      type.members, [](const Member& member) { return member.type != nullptr && member.type->name == "ListMeta"; });
  if (type.kind) flags |= 1;
  if (type.kind && has_items && has_list_meta) flags |= 2;
  if (type.unit->proto3) flags |= 4;
  if (source.contains("inOpenAPI") && !source["inOpenAPI"]) flags |= 8;
  if (source["structType"].text == "atomic") flags |= 16;
  if (source["defaulted"]) flags |= 32;
  if (std::ranges::any_of(type.members, is_object_meta)) flags |= 64;
  return std::to_string(flags);
}

// The rows of a type, and the definition of its kType.
struct Table {
  std::string rows;
  std::string definition;
};

Table emit_table(const Struct& type) {
  std::vector<Row> rows;
  flatten(type, type, false, rows);
  size_t json_count = rows.size();
  for (const Member& member : type.members) {
    if (member.inlined && member.number != 0) rows.push_back({&member, base_offset(type, *member.type)});
    if (!member.inlined && member.json_name.empty()) {
      rows.push_back({&member, "offsetof(" + type.qualified() + ", " + member.name + ")"});
    }
  }
  std::vector<size_t> wire;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].member->number != 0 && !rows[i].inherited) wire.push_back(i);
  }
  std::ranges::sort(wire, {}, [&](size_t i) { return rows[i].member->number; });

  std::string declarations, fields, order, metadata = "::schema::Type::kNone";
  for (const Row& row : rows) {
    fields += emit_row(row, type, declarations);
    const Struct* of = row.member->type;
    if (row.member->json_name == "metadata" && of != nullptr && (of->name == "ObjectMeta" || of->name == "ListMeta")) {
      metadata = row.offset;
    }
  }
  for (size_t i : wire) order += (order.empty() ? "" : ", ") + std::to_string(i);

  Table table;
  std::string scope = type.unit->name + "_" + type.name;
  table.rows = "namespace " + scope + " {\n" + declarations;
  if (!rows.empty()) table.rows += "constexpr Field kFields[] = {\n" + fields + "};\n";
  if (!wire.empty()) table.rows += "constexpr uint8_t kWire[] = {" + order + "};\n";
  table.rows += "}  // namespace " + scope + "\n";

  const std::string& name = type.name;
  std::string tables = "::schema::" + scope + "::";
  bool own_version = !type.api_version.empty();
  auto count = [](size_t number) { return ", " + std::to_string(number); };
  table.definition = "constinit const ::schema::Type " + name + "::kType = {\n    " + literal(name) + ", " +
                     literal(own_version ? "" : type.unit->group) + ", " +
                     literal(own_version ? type.api_version : type.unit->version) + ", " + literal(type.unit->package) +
                     ",\n    " + (rows.empty() ? "nullptr" : tables + "kFields") + ", " +
                     (wire.empty() ? "nullptr" : tables + "kWire") + count(json_count) + count(rows.size()) +
                     count(wire.size()) + ",\n    ::schema::Form::" + type.form + ", " + type_flags(type) + ", " +
                     metadata + ", sizeof(" + name + "),\n    SCHEMA_OPS(" + name + "), " +
                     (type.used_in_list ? "&::schema::kListOps<" + name + ">" : "nullptr") + ", " +
                     (type.used_in_map ? "&::schema::kMapOps<" + name + ">" : "nullptr") + "};\n";
  return table;
}

}  // namespace

std::string emit_tables(const std::vector<const Struct*>& structs) {
  std::set<std::string> headers;
  for (const Struct* type : structs) headers.insert("api/" + type->unit->name + ".h");
  std::string out = kGeneratedLine;
  out += "#include <cstddef>\n\n";
  for (const std::string& header : headers) out += "#include \"" + header + "\"\n";
  out += "#include \"schema/type_ops.h\"\n\nnamespace schema {\n";
  std::string definitions;
  for (const Struct* type : structs) {
    Table table = emit_table(*type);
    out += table.rows;
    definitions += "namespace api::" + type->unit->name + " {\nSCHEMA_COMPARE(" + type->name + ")\n";
    if (!type->aggregate()) definitions += "SCHEMA_OUT_OF_LINE(" + type->name + ")\n";
    definitions += table.definition + "}\n\n";
  }
  return out + "}  // namespace schema\n\n" + definitions;
}
