// The schemas as the emitters see them: references resolved, C++ names chosen, inlined structs still inlined.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "json.h"

struct Struct;

struct Member {
  std::string json_name;  // "" when JSON does not see it
  std::string name;       // of the C++ member; of an inlined struct ""
  std::string shape;      // enumerator of schema::Shape
  std::string holder;     // enumerator of schema::Holder
  std::string scalar;     // C++ type of a shape that is no struct
  const Struct* type = nullptr;
  bool inlined = false;
  bool wrapped = false;
  int number = 0;
  const Json* source = nullptr;

  std::string cpp_type() const;
  bool has_elements() const { return holder == "List" || holder == "Map" || holder == "MapOfLists"; }
  // Whether C++ must have seen the struct's definition before.
  bool needs_definition() const { return type != nullptr && (inlined || holder == "Value"); }
};

struct Unit;

struct Struct {
  std::string name;
  std::string api_version;  // when it differs from its unit's
  const Unit* unit = nullptr;
  bool kind = false;
  bool used_in_list = false;
  bool used_in_map = false;
  std::string form = "Fields";
  std::vector<Member> members;     // in order of declaration
  std::vector<std::string> enums;  // nested, as "Message.Enum"
  const Json* source = nullptr;

  std::string qualified() const;  // "::api::core_v1::Pod"
  // Light structs are aggregates with implicit members; heavy ones are copied and destroyed out of line.
  bool aggregate() const;
  // Position of a list or map among those of the struct; -1 for other members. Messages have none.
  int given_bit(const Member& member) const;
  bool has_given_word() const;
};

// One schema file: one header, one namespace.
struct Unit {
  std::string schema_name;  // "core_v1"
  std::string name;         // "core_v1", as namespace
  std::string group, version, package;
  bool proto3 = false;
  Json source;
  std::vector<std::unique_ptr<Struct>> structs;  // in an order in which C++ accepts them
  std::vector<const Unit*> includes;
};

struct Model {
  std::vector<std::unique_ptr<Unit>> units;  // by schema name

  const Struct* find(std::string_view unit, std::string_view type) const;
};

// Reads every schema under `folder`.
Model read_model(const std::filesystem::path& folder);
