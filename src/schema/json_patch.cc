#include "base/strings.h"
#include "schema/patch.h"

namespace schema {

namespace {

using base::cat;
using base::Code;
using base::fail;
using base::Result;

std::unexpected<base::Error> undecodable(std::string_view problem) {
  return fail(Code::BadRequest, cat({"error decoding patch: ", problem}));
}

// One step of a pointer: ~1 is '/', ~0 is '~'.
std::string unescape(std::string_view step) {
  std::string out;
  for (size_t i = 0; i < step.size(); ++i) {
    if (step[i] == '~' && i + 1 < step.size() && (step[i + 1] == '0' || step[i + 1] == '1')) {
      out += step[++i] == '0' ? '~' : '/';
    } else {
      out += step[i];
    }
  }
  return out;
}

// The place in an array of `size` elements that `step` names; counted from the end when negative.
Result<size_t> array_index(std::string_view step, size_t size) {
  auto index = base::parse_int(step);
  if (!index) return fail(Code::Invalid, cat({"strconv.Atoi: parsing ", base::quote(step), ": invalid syntax"}));
  int64_t count = static_cast<int64_t>(size);
  if (*index < 0) *index += count;
  if (*index < 0 || *index >= count) {
    return fail(Code::Invalid, cat({"Unable to access invalid index: ", step, ": invalid index referenced"}));
  }
  return static_cast<size_t>(*index);
}

std::unexpected<base::Error> missing(std::string_view operation, std::string_view path) {
  // Upstream's library quotes the path in all but this one.
  std::string shown = operation == "replace" ? std::string(path) : cat({"\"", path, "\""});
  return fail(Code::Invalid,
              cat({operation, " operation does not apply: doc is missing path: ", shown, ": missing value"}));
}

}  // namespace

// The container that a pointer leads into, and the last step.
struct JsonPatch::Target {
  Value* container;  // an object or an array
  std::string step;

  static Result<Target> find(Value& document, std::string_view operation, std::string_view path) {
    std::vector<std::string_view> steps = base::split(path, '/');
    if (steps.size() < 2) return missing(operation, path);
    Value* at = &document;
    for (size_t i = 1; i + 1 < steps.size(); ++i) {
      std::string step = unescape(steps[i]);
      if (at->is_array()) {
        auto index = array_index(step, at->as_array().size());
        if (!index) return missing(operation, path);
        at = &at->as_array()[*index];
      } else {
        at = at->find(step);
        if (at == nullptr) return missing(operation, path);
      }
    }
    if (!at->is_array() && !at->is_object()) return missing(operation, path);
    return Target{at, unescape(steps.back())};
  }

  // Null when an object has no such key.
  Result<Value*> get() const {
    if (container->is_object()) return container->find(step);
    TRY(size_t index, array_index(step, container->as_array().size()));
    return &container->as_array()[index];
  }

  Result<void> add(Value value) const {
    if (container->is_object()) {
      container->as_object().set(step, std::move(value));
      return {};
    }
    Value::Array& elements = container->as_array();
    if (step == "-") {
      elements.push_back(std::move(value));
      return {};
    }
    TRY(size_t index, array_index(step, elements.size() + 1));
    elements.insert(elements.begin() + static_cast<std::ptrdiff_t>(index), std::move(value));
    return {};
  }

  Result<void> remove() const {
    if (container->is_object()) {
      if (container->as_object().erase(step)) return {};
      return fail(Code::Invalid, cat({"Unable to remove nonexistent key: ", step, ": missing value"}));
    }
    TRY(size_t index, array_index(step, container->as_array().size()));
    container->as_array().erase(container->as_array().begin() + static_cast<std::ptrdiff_t>(index));
    return {};
  }
};

Result<JsonPatch> JsonPatch::parse(std::string_view json) {
  auto parsed = Value::parse_as_written(json);
  if (!parsed) return undecodable(parsed.error().message());
  if (parsed->is_null()) return JsonPatch();
  if (!parsed->is_array()) {
    return undecodable(
        cat({"json: cannot unmarshal ", parsed->kind_name(), " into Go value of type []handlers.jsonPatchOp"}));
  }
  if (parsed->as_array().size() > kMaxOperations) {
    return fail(Code::TooLarge,
                cat({"The allowed maximum operations in a JSON patch is ", std::to_string(kMaxOperations), ", got ",
                     std::to_string(parsed->as_array().size())}));
  }
  JsonPatch patch;
  for (Value& element : parsed->as_array()) {
    if (!element.is_object()) {
      return undecodable(
          cat({"json: cannot unmarshal ", element.kind_name(), " into Go value of type handlers.jsonPatchOp"}));
    }
    for (const char* name : {"op", "path", "from"}) {
      const Value* text = element.find(name);
      if (text == nullptr || text->is_string() || text->is_null()) continue;
      return undecodable(cat({"json: cannot unmarshal ", text->kind_name(), " into Go struct field jsonPatchOp.", name,
                              " of type string"}));
    }
    static constexpr std::string_view kNames[] = {"add", "remove", "replace", "move", "copy", "test"};
    Operation operation{.kind = Kind::Unknown,
                        .name = std::string(element.text_at({"op"})),
                        .path = std::string(element.text_at({"path"})),
                        .from = std::string(element.text_at({"from"})),
                        .value = {},
                        .has_path = element.find("path") != nullptr,
                        .has_from = element.find("from") != nullptr};
    for (size_t i = 0; i < std::size(kNames); ++i) {
      if (operation.name == kNames[i]) operation.kind = static_cast<Kind>(i);
    }
    if (Value* value = element.find("value")) operation.value = std::move(*value);
    patch.operations_.push_back(std::move(operation));
  }
  return patch;
}

Result<Value> JsonPatch::apply(Value document) const {
  size_t copied = 0;
  for (const Operation& operation : operations_) TRY(apply(operation, document, copied));
  return document;
}

Result<void> JsonPatch::apply(const Operation& operation, Value& document, size_t& copied) const {
  if (operation.kind == Kind::Unknown) return fail(Code::Invalid, cat({"Unexpected kind: ", operation.name}));
  if (!operation.has_path) return missing(operation.name, "");
  bool root = operation.path.empty();
  if (root && operation.kind == Kind::Replace) {
    if (!operation.value.is_object() && !operation.value.is_array()) return missing("replace", "");
    document = operation.value;
    return {};
  }
  auto failed_test = [&] {
    return fail(Code::Invalid, cat({"testing value ", operation.path, " failed: test failed"}));
  };
  if (root && operation.kind == Kind::Test) {
    if (document == operation.value) return {};
    return failed_test();
  }
  if (operation.kind == Kind::Move || operation.kind == Kind::Copy) {
    if (!operation.has_from) return missing(operation.name, "");
    TRY(Target source, Target::find(document, operation.name, operation.from));
    TRY(const Value* found, source.get());
    Value value = found == nullptr ? Value() : *found;
    if (operation.kind == Kind::Move) {
      TRY(source.remove());
    } else {
      copied += value.to_json().size();
      if (copied > kMaxCopiedBytes) {
        return fail(Code::TooLarge,
                    cat({"Unable to complete the copy, the accumulated size increase of copy is ",
                         std::to_string(copied), ", exceeding the limit ", std::to_string(kMaxCopiedBytes)}));
      }
    }
    TRY(Target target, Target::find(document, operation.name, operation.path));
    return target.add(std::move(value));
  }
  TRY(Target target, Target::find(document, operation.name, operation.path));
  switch (operation.kind) {
    case Kind::Add:
      return target.add(operation.value);
    case Kind::Remove:
      return target.remove();
    case Kind::Replace: {
      TRY(Value * present, target.get());
      if (present == nullptr) return target.add(operation.value);
      *present = operation.value;
      return {};
    }
    default: {
      TRY(const Value* present, target.get());
      if (present == nullptr ? operation.value.is_null() : *present == operation.value) return {};
      return failed_test();
    }
  }
}

}  // namespace schema
