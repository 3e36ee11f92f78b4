#include "cel/declaration.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace cel {
namespace {

constexpr std::array<std::string_view, 21> kReserved = {
    "true", "false",  "null", "in",   "as",      "break",     "const",  "continue", "else", "for",  "function",
    "if",   "import", "let",  "loop", "package", "namespace", "return", "var",      "void", "while"};

struct Escape {
  std::string_view plain;
  std::string_view escaped;
};
constexpr std::array<Escape, 4> kEscapes = {
    Escape{"__", "__underscores__"}, {".", "__dot__"}, {"-", "__dash__"}, {"/", "__slash__"}};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::string escape_identifier(std::string_view property) {
  if (property.empty() || (property[0] >= '0' && property[0] <= '9')) return {};
  if (std::find(kReserved.begin(), kReserved.end(), property) != kReserved.end())
    return base::cat({"__", property, "__"});
  std::string out;
  for (size_t i = 0; i < property.size();) {
    const Escape* escape = nullptr;
    for (const Escape& candidate : kEscapes) {
      if (property.substr(i).starts_with(candidate.plain)) {
        escape = &candidate;
        break;
      }
    }
    if (escape != nullptr) {
      out += escape->escaped;
      i += escape->plain.size();
    } else if (is_word(property[i])) {
      out += property[i++];
    } else {
      return {};
    }
  }
  return out;
}

std::string unescape_identifier(std::string_view identifier) {
  if (identifier.size() > 4 && identifier.starts_with("__") && identifier.ends_with("__")) {
    std::string_view inner = identifier.substr(2, identifier.size() - 4);
    if (std::find(kReserved.begin(), kReserved.end(), inner) != kReserved.end()) return std::string(inner);
  }
  std::string out;
  for (size_t i = 0; i < identifier.size();) {
    const Escape* escape = nullptr;
    for (const Escape& candidate : kEscapes) {
      if (identifier.substr(i).starts_with(candidate.escaped)) escape = &candidate;
    }
    if (escape != nullptr) {
      out += escape->plain;
      i += escape->escaped.size();
    } else {
      out += identifier[i++];
    }
  }
  return out;
}

const FieldDeclaration* Declaration::find(std::string_view identifier) const {
  if (identifier.find("__") == std::string_view::npos) {
    const FieldDeclaration* field = find_json(identifier);
    return field != nullptr && field->identifier == identifier ? field : nullptr;
  }
  const FieldDeclaration* field = find_json(unescape_identifier(identifier));
  return field != nullptr && field->identifier == identifier ? field : nullptr;
}

const FieldDeclaration* Declaration::find_json(std::string_view name) const {
  auto at =
      std::lower_bound(fields.begin(), fields.end(), name,
                       [](const FieldDeclaration& field, std::string_view wanted) { return field.name < wanted; });
  return at != fields.end() && at->name == name ? &*at : nullptr;
}

void Declaration::sort_fields() {
  std::sort(fields.begin(), fields.end(),
            [](const FieldDeclaration& a, const FieldDeclaration& b) { return a.name < b.name; });
}

DeclarationRef declare(TypeRef type) {
  Declaration made;
  if (type->kind == Kind::List) {
    made.element = declare(type->parameters[0]);
  } else if (type->kind == Kind::Map) {
    made.key = declare(type->parameters[0]);
    made.element = declare(type->parameters[1]);
  }
  made.type = std::move(type);
  return std::make_shared<const Declaration>(std::move(made));
}

DeclarationRef declare_object(std::string type_name, std::vector<std::pair<std::string, DeclarationRef>> fields) {
  Declaration made;
  made.type = object_type(std::move(type_name));
  made.min_serialized_size = 2;
  for (auto& [name, declaration] : fields) {
    std::string identifier = name;
    made.fields.push_back({std::move(name), std::move(identifier), std::move(declaration)});
  }
  made.sort_fields();
  return std::make_shared<const Declaration>(std::move(made));
}

DeclarationRef declare_list(DeclarationRef element, uint64_t max_elements) {
  Declaration made;
  made.type = list_type(element->type);
  made.max_elements = max_elements;
  made.min_serialized_size = 2;
  made.element = std::move(element);
  return std::make_shared<const Declaration>(std::move(made));
}

DeclarationRef declare_map(DeclarationRef key, DeclarationRef element, uint64_t max_elements) {
  Declaration made;
  made.type = map_type(key->type, element->type);
  made.max_elements = max_elements;
  made.min_serialized_size = 2;
  made.key = std::move(key);
  made.element = std::move(element);
  return std::make_shared<const Declaration>(std::move(made));
}

}  // namespace cel
