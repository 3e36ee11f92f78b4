#include <yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>

#include "base/strings.h"
#include "schema/yaml.h"
#include "schema/yaml_scalar.h"

namespace schema {

namespace {

using base::Code;
using base::Error;
using base::Result;

constexpr int kMaxDepth = base::JsonReader::kMaxDepth;

std::string_view view(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

// One event of libyaml, released with it.
struct Event {
  Event() { std::memset(&raw, 0, sizeof raw); }
  ~Event() { yaml_event_delete(&raw); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  yaml_event_t raw;
};

// How much of what is decoded may come from aliases: all but a hundredth in small documents, a tenth in huge ones.
double allowed_alias_ratio(size_t decoded) {
  constexpr double kLow = 400'000;
  constexpr double kHigh = 4'000'000;
  double count = static_cast<double>(decoded);
  if (count <= kLow) return 0.99;
  if (count >= kHigh) return 0.10;
  return 0.99 - 0.89 * (count - kLow) / (kHigh - kLow);
}

size_t node_count(const Value& value) {
  size_t count = 1;
  if (value.is_array()) {
    for (const Value& element : value.as_array()) count += node_count(element);
  } else if (value.is_object()) {
    for (const Member& member : value.as_object()) count += 1 + node_count(member.value);
  }
  return count;
}

class DocumentReader {
 public:
  DocumentReader(std::string_view text, DuplicateKeys duplicates) : duplicates_(duplicates) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  }
  ~DocumentReader() { yaml_parser_delete(&parser_); }
  DocumentReader(const DocumentReader&) = delete;
  DocumentReader& operator=(const DocumentReader&) = delete;

  Result<Value> read() {
    for (;;) {
      Event event;
      TRY(next(event));
      if (event.raw.type == YAML_STREAM_END_EVENT) return Value();
      if (event.raw.type == YAML_DOCUMENT_START_EVENT) break;
    }
    Event root;
    TRY(next(root));
    TRY(Value value, read_node(root, 0));
    Event end;
    TRY(next(end));
    if (!repeated_.empty()) {
      return complain(base::cat({"unmarshal errors:\n  ", base::join(repeated_, "\n  ")}));
    }
    return value;
  }

 private:
  static std::unexpected<Error> complain(std::string_view what) {
    return base::fail(Code::BadRequest, base::cat({"yaml: ", what}));
  }

  Result<void> next(Event& event) {
    if (yaml_parser_parse(&parser_, &event.raw) != 0) return {};
    size_t line = parser_.problem_mark.line;
    if (line != 0 && parser_.error == YAML_SCANNER_ERROR) ++line;
    if (line == 0) line = parser_.context_mark.line;
    std::string_view problem = parser_.problem == nullptr ? "unknown problem parsing YAML content" : parser_.problem;
    return complain(line == 0 ? std::string(problem) : base::cat({"line ", std::to_string(line), ": ", problem}));
  }

  Result<Value> read_node(const Event& event, int depth) {
    if (depth > kMaxDepth) return complain("exceeded max depth");
    std::string anchor;
    Result<Value> value = Value();
    ++decoded_;
    switch (event.raw.type) {
      case YAML_ALIAS_EVENT:
        return read_alias(std::string(view(event.raw.data.alias.anchor)));
      case YAML_SCALAR_EVENT:
        anchor = view(event.raw.data.scalar.anchor);
        value = read_scalar(event);
        break;
      case YAML_SEQUENCE_START_EVENT:
        anchor = view(event.raw.data.sequence_start.anchor);
        open(anchor);
        value = read_sequence(depth);
        break;
      case YAML_MAPPING_START_EVENT:
        anchor = view(event.raw.data.mapping_start.anchor);
        open(anchor);
        value = read_mapping(depth);
        break;
      default:
        return complain("unknown problem parsing YAML content");
    }
    if (value && !anchor.empty()) anchors_[anchor] = *value;
    return value;
  }

  void open(const std::string& anchor) {
    if (!anchor.empty()) anchors_[anchor] = std::nullopt;
  }

  Result<Value> read_alias(const std::string& name) {
    auto anchor = anchors_.find(name);
    if (anchor == anchors_.end()) return complain(base::cat({"unknown anchor '", name, "' referenced"}));
    if (!anchor->second) return complain(base::cat({"anchor '", name, "' value contains itself"}));
    size_t count = node_count(*anchor->second);
    decoded_ += count;
    aliased_ += count;
    if (aliased_ > 100 && decoded_ > 1000 &&
        static_cast<double>(aliased_) / static_cast<double>(decoded_) > allowed_alias_ratio(decoded_)) {
      return complain("document contains excessive aliasing");
    }
    return *anchor->second;
  }

  static Result<Value> read_scalar(const Event& event) {
    auto& scalar = event.raw.data.scalar;
    std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    std::string_view tag = view(scalar.tag);
    if (!tag.empty() && tag != "!") {
      TRY(Value value, resolve_tagged_scalar(tag, text));
      return finite(std::move(value));
    }
    if (scalar.style != YAML_PLAIN_SCALAR_STYLE) return Value(text);
    return finite(resolve_scalar(text).value);
  }

  // JSON knows neither infinities nor NaN.
  static Result<Value> finite(Value value) {
    if (!value.is_double() || std::isfinite(value.as_double())) return value;
    std::string_view name = std::isnan(value.as_double()) ? "NaN" : value.as_double() > 0 ? "+Inf" : "-Inf";
    return base::fail(Code::BadRequest, base::cat({"json: unsupported value: ", name}));
  }

  Result<Value> read_sequence(int depth) {
    Value::Array elements;
    for (;;) {
      Event event;
      TRY(next(event));
      if (event.raw.type == YAML_SEQUENCE_END_EVENT) return Value(std::move(elements));
      TRY(Value element, read_node(event, depth + 1));
      elements.push_back(std::move(element));
    }
  }

  Result<Value> read_mapping(int depth) {
    Members members;
    for (;;) {
      Event event;
      TRY(next(event));
      if (event.raw.type == YAML_MAPPING_END_EVENT) break;
      bool merges = is_merge(event);
      TRY(Value key, read_node(event, depth + 1));
      Event content;
      TRY(next(content));
      size_t line = content.raw.start_mark.line + 1;
      TRY(Value value, read_node(content, depth + 1));
      if (merges) {
        TRY(merge(std::move(value), members));
        continue;
      }
      TRY(std::string name, key_text(key, value));
      if (members.contains(name) && duplicates_ == DuplicateKeys::Refused) {
        std::string shown = key.is_string() ? base::quote(name) : name;
        repeated_.push_back(base::cat({"line ", std::to_string(line), ": key ", shown, " already set in map"}));
      }
      members.set(name, std::move(value));
    }
    members.sort();
    return Value(std::move(members));
  }

  static bool is_merge(const Event& event) {
    if (event.raw.type != YAML_SCALAR_EVENT) return false;
    auto& scalar = event.raw.data.scalar;
    std::string_view tag = view(scalar.tag);
    return view(scalar.value) == "<<" &&
           (tag == "tag:yaml.org,2002:merge" || (tag.empty() && scalar.style == YAML_PLAIN_SCALAR_STYLE) || tag == "!");
  }

  // Of several maps, the earlier take precedence.
  static Result<void> merge(Value value, Members& into) {
    auto refuse = [] { return complain("map merge requires map or sequence of maps as the value"); };
    if (value.is_object()) {
      for (Member& member : value.as_object()) into.set(member.key, std::move(member.value));
      return {};
    }
    if (!value.is_array()) return refuse();
    Value::Array& maps = value.as_array();
    for (auto map = maps.rbegin(); map != maps.rend(); ++map) {
      if (!map->is_object()) return refuse();
      TRY(merge(std::move(*map), into));
    }
    return {};
  }

  static Result<std::string> key_text(const Value& key, const Value& value) {
    switch (key.kind()) {
      case Value::Kind::String:
        return key.as_string();
      case Value::Kind::Bool:
        return std::string(key.as_bool() ? "true" : "false");
      case Value::Kind::Int:
        return std::to_string(key.as_int());
      case Value::Kind::Double: {
        char buffer[40];
        auto end = std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(key.as_double())).ptr;
        return std::string(buffer, end);
      }
      case Value::Kind::Null:
        return base::fail(Code::BadRequest,
                          base::cat({"unsupported map key of type: %!s(<nil>), key: interface {}(nil), value: ",
                                     value.to_go_string()}));
      default:
        return complain(base::cat({"invalid map key: ", key.to_go_string()}));
    }
  }

  DuplicateKeys duplicates_;
  yaml_parser_t parser_;
  std::map<std::string, std::optional<Value>> anchors_;  // nothing while the node is being read
  std::vector<std::string> repeated_;                    // complaints about keys
  size_t decoded_ = 0;                                   // nodes, those of aliases too
  size_t aliased_ = 0;
};

}  // namespace

Result<Value> parse_yaml(std::string_view text, DuplicateKeys duplicates) {
  return DocumentReader(text, duplicates).read();
}

Result<std::string> yaml_to_json(std::string_view text, DuplicateKeys duplicates) {
  TRY(Value value, parse_yaml(text, duplicates));
  return value.to_json();
}

std::vector<std::string_view> split_yaml_documents(std::string_view text) {
  std::vector<std::string_view> documents;
  auto add = [&](std::string_view document) {
    for (std::string_view line : base::split(document, '\n')) {
      line = base::trim(line);
      if (line.empty() || line[0] == '#') continue;
      documents.push_back(document);
      return;
    }
  };
  size_t start = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    size_t next = std::min(end + 1, text.size());
    if (line.starts_with("---")) {
      std::string_view rest = base::trim(line.substr(3));
      if (rest.empty() || rest[0] == '#') {
        add(text.substr(start, at - start));
        start = next;
      }
    }
    at = next;
  }
  add(text.substr(start));
  return documents;
}

}  // namespace schema
