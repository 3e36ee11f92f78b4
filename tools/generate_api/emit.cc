#include "emit.h"

#include <fstream>
#include <map>
#include <sstream>

#include "names.h"

void write_file(const std::filesystem::path& path, const std::string& content) {
  std::stringstream current;
  current << std::ifstream(path).rdbuf();
  if (std::filesystem::exists(path) && current.str() == content) return;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << content;
}

std::string string_span(const std::vector<std::string>& texts, std::string& declarations) {
  if (texts.empty()) return "{}";
  std::string body;
  for (const std::string& text : texts) body += (body.empty() ? "" : ", ") + literal(text);
  // Arrays of the same content are declared once.
  std::string needle = "[] = {" + body + "};\n";
  size_t found = declarations.find(needle);
  if (found != std::string::npos) {
    size_t start = declarations.rfind(' ', found) + 1;
    return declarations.substr(start, found - start);
  }
  std::string name = "kTexts" + std::to_string(declarations.size());
  declarations += "constexpr std::string_view " + name + needle;
  return name;
}
