// Labels and selectable fields, read off the stored bytes without decoding them.

#include <algorithm>

#include "apiserver/registry/served.h"
#include "apiserver/registry/wire.h"
#include "base/json.h"
#include "base/strings.h"
#include "schema/protobuf.h"

namespace apiserver {
namespace {

constexpr uint32_t kMetadata = 1;
constexpr uint32_t kLabels = 11;  // of ObjectMeta

// One selectable field as a way down the message: numbers, and what to show when it is absent.
struct Path {
  std::string name;
  std::vector<uint32_t> numbers;
  schema::Shape shape = schema::Shape::String;
  bool in_list = false;                           // each element of a list, joined by commas
  uint32_t element = 0;                           // the field of the element
  std::shared_ptr<const Path> instead = nullptr;  // where what is empty here may stand too
};

std::optional<Path> path_of(const schema::Type& type, std::string_view name) {
  Path path;
  path.name = name;
  const schema::Type* at = &type;
  auto parts = base::split(name, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    const schema::Field* field = at == nullptr ? nullptr : at->find(parts[i]);
    if (field == nullptr || field->number == 0) return std::nullopt;
    path.numbers.push_back(field->number);
    path.shape = field->shape;
    at = field->type;
    if (field->holder == schema::Holder::List) {
      path.in_list = true;
      const schema::Field* ip = at == nullptr ? nullptr : at->find("ip");
      if (ip == nullptr) return std::nullopt;
      path.element = ip->number;
      path.shape = schema::Shape::String;
    }
  }
  return path;
}

// What one name stands for where it is no path of the stored type.
std::string_view stored_path(const schema::Resource& row, std::string_view name) {
  if (row.plural == "events") {
    if (name == "source") return "source.component";
  }
  if (row.plural == "jobs" && name == "status.successful") return "status.succeeded";
  return name;
}

std::string read(std::string_view message, const Path& path, size_t depth = 0) {
  std::string text = path.shape == schema::Shape::Bool ? "false" : path.shape == schema::Shape::String ? "" : "0";
  bool first = true;
  wire::Reader reader(message);
  for (wire::Field field; reader.next(field);) {
    if (field.id != path.numbers[depth]) continue;
    if (depth + 1 < path.numbers.size()) {
      text = read(field.value, path, depth + 1);
      continue;
    }
    if (path.in_list) {
      wire::Reader element(field.value);
      for (wire::Field part; element.next(part);) {
        if (part.id != path.element) continue;
        if (!first) text += ',';
        text += part.value;
        first = false;
      }
    } else if (path.shape == schema::Shape::String) {
      text = field.value;
    } else if (path.shape == schema::Shape::Bool) {
      text = field.number != 0 ? "true" : "false";
    } else {
      text = std::to_string(static_cast<int64_t>(field.number));
    }
  }
  return text;
}

struct Reading {
  std::vector<Path> paths;
};

class Index {
 public:
  Index() {
    for (const auto& served : catalog_.built_in()) {
      if (!served->is_stored() || catalog_.of_key(served->prefix("")) != served.get()) continue;
      Reading reading;
      for (auto field : served->row().selectable_fields) {
        if (field.starts_with("metadata.")) continue;
        if (auto path = path_of(served->stored_type(), stored_path(served->row(), field))) {
          path->name = field;
          // Older events say who reported them in another place.
          if (served->row().plural == "events" && field == "source") {
            if (auto other = path_of(served->stored_type(), "reportingComponent")) {
              path->instead = std::make_shared<const Path>(std::move(*other));
            }
          }
          reading.paths.push_back(std::move(*path));
        }
      }
      readings_.emplace(served.get(), std::move(reading));
    }
  }

  store::Attributes read_all(std::string_view key, std::string_view value) const {
    store::Attributes attributes;
    auto envelope = schema::open_envelope(value);
    if (!envelope) {
      read_json_labels(value, attributes);
      return attributes;
    }
    read_labels(envelope->raw, attributes);
    const Served* served = catalog_.of_key(key);
    if (served == nullptr) return attributes;
    auto found = readings_.find(served);
    if (found == readings_.end()) return attributes;
    for (const auto& path : found->second.paths) {
      std::string text = read(envelope->raw, path);
      if (text.empty() && path.instead) text = read(envelope->raw, *path.instead);
      if (!text.empty()) attributes.fields.add(path.name, text);
    }
    return attributes;
  }

 private:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  static void read_labels(std::string_view message, store::Attributes& attributes) {
    Labels labels;
    wire::Reader reader(message);
    for (wire::Field field; reader.next(field);) {
      if (field.id != kMetadata) continue;
      wire::Reader metadata(field.value);
      for (wire::Field part; metadata.next(part);) {
        if (part.id != kLabels) continue;
        auto& label = labels.emplace_back();
        wire::Reader entry(part.value);
        for (wire::Field side; entry.next(side);) (side.id == 1 ? label.first : label.second) = side.value;
      }
      break;
    }
    std::sort(labels.begin(), labels.end());
    for (const auto& [name, value] : labels) attributes.labels.add(name, value);
  }

  // The same of what is kept as JSON: custom kinds. By what else they are selected is for their definition to say.
  static void read_json_labels(std::string_view json, store::Attributes& attributes) {
    base::JsonReader reader(json);
    if (!enter_member(reader, "metadata") || !enter_member(reader, "labels") || reader.peek() != base::JsonKind::Object)
      return;
    std::string_view key, text;
    std::map<std::string, std::string> labels;
    reader.enter_object();
    while (reader.next_key(key)) {
      std::string& value = labels[std::string(key)];
      if (reader.read_string(text)) value = text;
    }
    for (const auto& [name, value] : labels) attributes.labels.add(name, value);
  }

  // Stands at the member's value then.
  static bool enter_member(base::JsonReader& reader, std::string_view name) {
    std::string_view key;
    if (reader.peek() != base::JsonKind::Object) return false;
    reader.enter_object();
    while (reader.next_key(key)) {
      if (key == name) return true;
      reader.skip_value();
    }
    return false;
  }

  const Catalog catalog_;
  std::map<const Served*, Reading> readings_;
};

}  // namespace

store::Indexer make_indexer() {
  auto index = std::make_shared<const Index>();
  return [index](std::string_view key, std::string_view value) { return index->read_all(key, value); };
}

}  // namespace apiserver
