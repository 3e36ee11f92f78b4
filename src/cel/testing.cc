#include "cel/testing.h"

#include <algorithm>

#include "base/strings.h"
#include "cel/scalar.h"

namespace cel::testing {

std::string show(const Value& value) {
  switch (value.kind()) {
    case Kind::Error:
      return "error: " + value.error_message();
    case Kind::Null:
      return "null";
    case Kind::Bool:
      return value.as_bool() ? "true" : "false";
    case Kind::Int:
      return std::to_string(value.as_int());
    case Kind::Uint:
      return std::to_string(value.as_uint()) + "u";
    case Kind::Double:
      return text_of_double(value.as_double());
    case Kind::String:
      return base::cat({"'", value.as_string(), "'"});
    case Kind::Bytes:
      return base::cat({"b'", base::hex_encode(value.as_string()), "'"});
    case Kind::Timestamp:
      return base::cat({"timestamp(", text_of_timestamp(value.as_timestamp()), ")"});
    case Kind::Duration:
      return base::cat({"duration(", text_of_duration(value.as_duration_ns()), ")"});
    case Kind::Type:
      return base::cat({"type(", value.as_type()->runtime_name(), ")"});
    case Kind::List: {
      std::vector<std::string> parts;
      for (size_t i = 0; i < value.list_size(); ++i) parts.push_back(show(value.list_at(i)));
      return base::cat({"[", base::join(parts, ", "), "]"});
    }
    case Kind::Map: {
      std::vector<std::string> parts;
      for (size_t i = 0; i < value.map_size(); ++i) {
        auto [key, content] = value.map_entry(i);
        parts.push_back(base::cat({show(key), ": ", show(content)}));
      }
      std::sort(parts.begin(), parts.end());
      return base::cat({"{", base::join(parts, ", "), "}"});
    }
    case Kind::Object: {
      std::vector<std::string> parts;
      for (size_t i = 0; i < value.field_count(); ++i) {
        auto [name, content] = value.field_at(i);
        parts.push_back(base::cat({name, ": ", show(content)}));
      }
      return base::cat({value.type_name(), "{", base::join(parts, ", "), "}"});
    }
    default:
      break;
  }
  if (!value.is_optional()) return std::string(value.type_name());
  const Value* inner = value.optional_value();
  return inner == nullptr ? "none" : base::cat({"optional(", show(*inner), ")"});
}

std::string run(std::string_view expression, const std::vector<Binding>& bindings) {
  Environment environment;
  std::vector<schema::Value> trees;
  trees.reserve(bindings.size());
  Activation activation;
  for (const Binding& binding : bindings) {
    DeclarationRef declaration = binding.declaration != nullptr ? binding.declaration : declare(dyn_type());
    environment.add_variable(binding.name, declaration);
    auto tree = schema::Value::parse(binding.json);
    if (!tree) return tree.error().message();
    trees.push_back(std::move(*tree));
    activation.set(binding.name, Value::of(trees.back(), binding.declaration.get()));
  }
  auto program = environment.compile(expression);
  if (!program) return program.error().message();
  Budget budget;
  return show((*program)->evaluate(activation, budget));
}

}  // namespace cel::testing
