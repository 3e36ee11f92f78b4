// generate_api SCHEMAS OUT PARTS: writes OUT/api/<unit>.h for every schema, OUT/api/tables_<n>.cc for n below PARTS,
// and OUT/api/resources.cc and OUT/api/defaults.cc. The tables are spread over PARTS files of like weight, so that they
// compile in parallel.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "emit.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: generate_api SCHEMAS OUT PARTS\n");
    return 2;
  }
  std::filesystem::path out = std::filesystem::path(argv[2]) / "api";
  size_t parts = std::stoul(argv[3]);
  Model model = read_model(argv[1]);

  // What a struct costs the compiler: its members, and its special ones.
  auto weight = [](const Struct& type) { return type.members.size() + (type.aggregate() ? 3 : 8); };
  size_t total = 0;
  std::vector<const Struct*> all;
  for (const auto& unit : model.units) {
    write_file(out / (unit->name + ".h"), emit_header(*unit));
    for (const auto& type : unit->structs) {
      all.push_back(type.get());
      total += weight(*type);
    }
  }
  std::vector<std::vector<const Struct*>> files(parts);
  size_t before = 0;
  for (const Struct* type : all) {
    files[before * parts / total].push_back(type);
    before += weight(*type);
  }
  for (size_t i = 0; i < parts; ++i) {
    write_file(out / ("tables_" + std::to_string(i) + ".cc"), emit_tables(files[i]));
  }
  write_file(out / "resources.cc", emit_resources(model));
  write_file(out / "defaults.cc", emit_defaults(model));
  return 0;
}
