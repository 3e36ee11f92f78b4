#include "model.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "names.h"

namespace {

[[noreturn]] void fail(const std::string& what) {
  fprintf(stderr, "schemas: %s\n", what.c_str());
  exit(1);
}

struct Scalar {
  std::string_view schema, shape, cpp;
};
constexpr Scalar kScalars[] = {
    {"string", "String", "std::string"},
    {"bytes", "Bytes", "std::string"},
    {"bool", "Bool", "bool"},
    {"int32", "Int32", "int32_t"},
    {"int64", "Int64", "int64_t"},
    {"uint32", "UInt32", "uint32_t"},
    {"uint64", "UInt64", "uint64_t"},
    {"double", "Double", "double"},
    {"Quantity", "Quantity", "::base::Quantity"},
    {"IntOrString", "IntOrString", "::schema::IntOrString"},
    {"Time", "Time", "::base::Time"},
    {"MicroTime", "MicroTime", "::base::Time"},
    {"Duration", "Duration", "::schema::Duration"},
    {"RawExtension", "Raw", "std::string"},
    {"JSON", "Raw", "std::string"},
    {"FieldsV1", "Raw", "std::string"},
};

bool strip(std::string& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text = text.substr(prefix.size());
  if (prefix.ends_with('<') || prefix.ends_with(',')) text.pop_back();  // its ">"
  return true;
}

class Builder {
 public:
  explicit Builder(Model& model) : model_(model) {}

  void build() {
    for (auto& unit : model_.units) {
      for (auto& type : unit->structs) {
        for (const Json& field : type->source->operator[]("fields").items) add_member(*unit, *type, field);
      }
    }
    for (auto& unit : model_.units) {
      find_includes(*unit);
      sort_structs(*unit);
    }
  }

 private:
  void add_member(Unit& unit, Struct& owner, const Json& field) {
    std::string type = field["type"].text;
    if (field["inline"] && type.ends_with("TypeMeta")) return;
    Member member;
    member.source = &field;
    member.json_name = field["protoOnly"] ? "" : field["name"].text;
    member.number = field["num"].number();
    member.inlined = static_cast<bool>(field["inline"]);
    if (!member.inlined) member.name = member_name(member.json_name.empty() ? field["pname"].text : member.json_name);
    member.holder = "Value";
    if (strip(type, "list<")) {
      member.holder = "List";
    } else if (strip(type, "map<string,")) {
      member.holder = strip(type, "list<") ? "MapOfLists" : "Map";
    }
    resolve(unit, type, member);
    bool absent_when_empty = member.shape == "Time" || member.shape == "MicroTime" || member.shape == "Raw";
    if (field["ptr"] && member.holder == "Value" && !absent_when_empty) {
      member.holder = member.shape == "Struct" ? "Box" : "Optional";
    }
    if (member.shape == "Struct") {
      auto* target = const_cast<Struct*>(member.type);
      target->used_in_list |= member.holder == "List";
      target->used_in_map |= member.holder == "Map";
    }
    owner.members.push_back(std::move(member));
  }

  void resolve(Unit& unit, std::string type, Member& member) {
    if (strip(type, "enum:")) {
      member.shape = "Enum";
      size_t dot = type.find('.');
      member.scalar = "::api::" + unit.name +
                      "::" + (dot == std::string::npos ? type : type.substr(0, dot) + "::" + type.substr(dot + 1));
      if (dot != std::string::npos) {  // a nested enum: its message must be seen before
        enum_owners_[&unit].insert(type.substr(0, dot));
      }
      return;
    }
    if (strip(type, "ref:")) {
      size_t hash = type.find('#');
      std::string where = hash == std::string::npos ? unit.schema_name : type.substr(0, hash);
      std::string what = hash == std::string::npos ? type : type.substr(hash + 1);
      const Struct* target = model_.find(where, what);
      if (target == nullptr) fail(unit.schema_name + ": no type " + where + "#" + what);
      if (const Json& alias = (*target->source)["alias"]) {
        if (alias.text != "list<string>") fail("an alias of " + alias.text);
        member.holder = member.holder == "Map" ? "MapOfLists" : "List";
        member.wrapped = true;
        member.shape = "String";
        member.scalar = "std::string";
        return;
      }
      member.type = target;
      member.shape = "Struct";
      return;
    }
    for (const Scalar& scalar : kScalars) {
      if (scalar.schema != type) continue;
      member.shape = scalar.shape;
      member.scalar = scalar.cpp;
      return;
    }
    fail(unit.schema_name + ": a field of type " + type);
  }

  void find_includes(Unit& unit) {
    std::set<std::string> seen;
    for (auto& type : unit.structs) {
      for (const Member& member : type->members) {
        if (member.type == nullptr || member.type->unit == &unit) continue;
        if (seen.insert(member.type->unit->name).second) unit.includes.push_back(member.type->unit);
      }
    }
    std::ranges::sort(unit.includes, {}, &Unit::name);
  }

  // Depth first, so that what is held by value stands before its holder.
  void sort_structs(Unit& unit) {
    std::vector<std::unique_ptr<Struct>> sorted;
    std::set<const Struct*> done;
    auto visit = [&](auto& self, std::unique_ptr<Struct>& type) -> void {
      if (type == nullptr || (*type->source)["alias"] || !done.insert(type.get()).second) return;
      Struct* current = type.get();
      for (const Member& member : current->members) {
        if (!member.needs_definition() || member.type->unit != &unit) continue;
        for (auto& other : unit.structs) {
          if (other.get() == member.type) self(self, other);
        }
      }
      sorted.push_back(std::move(type));
    };
    for (auto& type : unit.structs) {
      if (type != nullptr && enum_owners_[&unit].contains(type->name)) visit(visit, type);
    }
    for (auto& type : unit.structs) visit(visit, type);
    unit.structs = std::move(sorted);
  }

  Model& model_;
  std::map<const Unit*, std::set<std::string>> enum_owners_;
};

std::unique_ptr<Unit> read_unit(const std::filesystem::path& path) {
  auto unit = std::make_unique<Unit>();
  unit->schema_name = path.filename().string().substr(0, path.filename().string().size() - 5);
  unit->name = unit_name(unit->schema_name);
  unit->source = read_json(path.string());
  unit->group = unit->source["group"].text;
  unit->version = unit->source["version"].text;
  unit->proto3 = unit->source["syntax"].text == "proto3";
  unit->package = unit->source["openapiPrefix"].text;
  if (unit->package.empty()) unit->package = unit->source["protoPackage"].text;
  for (const auto& [name, source] : unit->source["types"].members) {
    if (name == "TypeMeta") continue;
    auto type = std::make_unique<Struct>();
    type->name = name;
    type->unit = unit.get();
    type->source = &source;
    type->kind = static_cast<bool>(source["kind"]);
    type->api_version = source["apiVersion"].text;
    if (source["json"].text == "any")
      type->form = name == "JSONSchemaPropsOrArray"  ? "SchemaOrArray"
                   : name == "JSONSchemaPropsOrBool" ? "SchemaOrBool"
                                                     : "SchemaOrStrings";
    for (const auto& [enum_name, values] : unit->source["enums"].members) {
      if (enum_name.starts_with(name + ".")) type->enums.push_back(enum_name);
    }
    unit->structs.push_back(std::move(type));
  }
  return unit;
}

}  // namespace

std::string Member::cpp_type() const {
  std::string one = type != nullptr ? type->qualified() : scalar;
  if (holder == "Optional") return "std::optional<" + one + ">";
  if (holder == "Box") return "::schema::Box<" + one + ">";
  if (holder == "List") return "std::vector<" + one + ">";
  if (holder == "Map") return "std::map<std::string, " + one + ", std::less<>>";
  if (holder == "MapOfLists") return "std::map<std::string, std::vector<" + one + ">, std::less<>>";
  return one;
}

std::string Struct::qualified() const {
  return "::api::" + unit->name + "::" + name;
}

bool Struct::aggregate() const {
  if (kind || members.size() > 8) return false;
  return std::ranges::none_of(members, [](const Member& member) {
    return member.inlined || (member.type != nullptr && (member.holder == "List" || member.holder == "Map"));
  });
}

int Struct::given_bit(const Member& wanted) const {
  constexpr int kBits = 32;
  int bit = 0;
  if (unit->proto3) return -1;
  for (const Member& member : members) {
    if (!member.has_elements() || member.json_name.empty()) continue;
    if (bit == kBits) fail(qualified() + ": too many lists and maps");
    if (&member == &wanted) return bit;
    ++bit;
  }
  return -1;
}

bool Struct::has_given_word() const {
  return std::ranges::any_of(members, [&](const Member& member) { return given_bit(member) >= 0; });
}

const Struct* Model::find(std::string_view unit_name, std::string_view type_name) const {
  for (const auto& unit : units) {
    if (unit->schema_name != unit_name) continue;
    for (const auto& type : unit->structs) {
      if (type->name == type_name) return type.get();
    }
  }
  return nullptr;
}

Model read_model(const std::filesystem::path& folder) {
  Model model;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::ranges::sort(paths, {}, [](const std::filesystem::path& path) { return path.filename(); });
  for (const auto& path : paths) model.units.push_back(read_unit(path));
  Builder(model).build();
  return model;
}
