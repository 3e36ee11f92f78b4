#include <yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "schema/yaml.h"
#include "schema/yaml_scalar.h"

namespace schema {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
// Bytes above ASCII are mostly letters.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<uint8_t>(c) >= 0x80;
}

// Numbers inside keys count as numbers, letters come after everything else: "a2" before "a10".
bool key_before(std::string_view a, std::string_view b) {
  size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  if (i == a.size() || i == b.size()) return a.size() < b.size();
  bool a_letter = is_letter(a[i]);
  bool b_letter = is_letter(b[i]);
  if (a_letter && b_letter) return static_cast<uint8_t>(a[i]) < static_cast<uint8_t>(b[i]);
  if (a_letter || b_letter) return b_letter;
  uint64_t a_number = 0;
  uint64_t b_number = 0;
  if (a[i] == '0' || b[i] == '0') {
    for (size_t j = i; j > 0 && is_digit(a[j - 1]); --j) {
      if (a[j - 1] == '0') continue;
      a_number = b_number = 1;
      break;
    }
  }
  size_t a_end = i;
  size_t b_end = i;
  for (; a_end < a.size() && is_digit(a[a_end]); ++a_end)
    a_number = a_number * 10 + static_cast<uint64_t>(a[a_end] - '0');
  for (; b_end < b.size() && is_digit(b[b_end]); ++b_end)
    b_number = b_number * 10 + static_cast<uint64_t>(b[b_end] - '0');
  if (a_number != b_number) return a_number < b_number;
  if (a_end != b_end) return a_end < b_end;
  return static_cast<uint8_t>(a[i]) < static_cast<uint8_t>(b[i]);
}

// Whole numbers of 64 bits as such; others as Go's %g: an exponent of at least two digits below 1e-4 and from 1e6 on.
std::string number_text(double value) {
  if (value == std::trunc(value) && std::fabs(value) < 0x1p64) return Value(value).to_json();
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string text(buffer, end);
  int exponent = 0;
  size_t e = text.find('e');
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= 6) return text;
  end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed).ptr;
  return std::string(buffer, end);
}

class DocumentWriter {
 public:
  DocumentWriter() {
    yaml_emitter_initialize(&emitter_);
    yaml_emitter_set_output(&emitter_, &DocumentWriter::write, &out_);
    yaml_emitter_set_unicode(&emitter_, 1);
    yaml_event_t event;
    yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
    emit(event);
    yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 1);
    emit(event);
  }
  ~DocumentWriter() { yaml_emitter_delete(&emitter_); }
  DocumentWriter(const DocumentWriter&) = delete;
  DocumentWriter& operator=(const DocumentWriter&) = delete;

  std::string finish() {
    yaml_event_t event;
    emitter_.open_ended = 0;  // no "..." after text that keeps its line ends; kubectl prints none
    yaml_document_end_event_initialize(&event, 1);
    emit(event);
    yaml_stream_end_event_initialize(&event);
    emit(event);
    return std::move(out_);
  }

  void append(const Value& value) {
    switch (value.kind()) {
      case Value::Kind::Null:
        return scalar("null", YAML_PLAIN_SCALAR_STYLE);
      case Value::Kind::Bool:
        return scalar(value.as_bool() ? "true" : "false", YAML_PLAIN_SCALAR_STYLE);
      case Value::Kind::Int:
        return scalar(std::to_string(value.as_int()), YAML_PLAIN_SCALAR_STYLE);
      case Value::Kind::Double:
        return scalar(number_text(value.as_double()), YAML_PLAIN_SCALAR_STYLE);
      case Value::Kind::String:
        return text(value.as_string());
      case Value::Kind::Array:
        return array(value.as_array());
      case Value::Kind::Object:
        return object(value.as_object());
    }
  }

 private:
  static int write(void* out, unsigned char* bytes, size_t size) {
    static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), size);
    return 1;
  }

  void emit(yaml_event_t& event) { yaml_emitter_emit(&emitter_, &event); }

  void scalar(std::string_view value, yaml_scalar_style_t style) {
    yaml_event_t event;
    yaml_scalar_event_initialize(&event, nullptr, nullptr, reinterpret_cast<const yaml_char_t*>(value.data()),
                                 static_cast<int>(value.size()), 1, 1, style);
    emit(event);
  }

  void text(const std::string& value) {
    if (!base::is_valid_utf8(value)) return text(base::to_valid_utf8(value));
    if (value.find('\n') != value.npos) return scalar(value, YAML_LITERAL_SCALAR_STYLE);
    bool plain = resolve_scalar(value).tag == ResolvedScalar::Tag::String && !is_base60(value);
    scalar(value, plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
  }

  void array(const Value::Array& elements) {
    yaml_event_t event;
    yaml_sequence_start_event_initialize(&event, nullptr, nullptr, 1, YAML_BLOCK_SEQUENCE_STYLE);
    emit(event);
    for (const Value& element : elements) append(element);
    yaml_sequence_end_event_initialize(&event);
    emit(event);
  }

  void object(const Members& object) {
    std::vector<const Member*> members;
    members.reserve(object.size());
    for (const Member& member : object) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const Member* a, const Member* b) { return key_before(a->key, b->key); });
    yaml_event_t event;
    yaml_mapping_start_event_initialize(&event, nullptr, nullptr, 1, YAML_BLOCK_MAPPING_STYLE);
    emit(event);
    for (const Member* member : members) {
      text(member->key);
      append(member->value);
    }
    yaml_mapping_end_event_initialize(&event);
    emit(event);
  }

  yaml_emitter_t emitter_;
  std::string out_;
};

}  // namespace

std::string to_yaml(const Value& value) {
  DocumentWriter writer;
  writer.append(value);
  return writer.finish();
}

}  // namespace schema
