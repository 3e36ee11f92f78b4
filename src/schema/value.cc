#include "schema/value.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "base/strings.h"

namespace schema {

struct TreeReader {
  base::JsonReader& reader;
  std::vector<std::string>* duplicates;
  bool as_written = false;
  std::string path;  // kept only when duplicates are wanted

  Value read();
  Value read_number_in_range(std::string_view literal) const;
  Value read_array();
  Value read_object();
};

namespace {

constexpr size_t kIndexedSize = 24;  // objects with more members are looked up by hash

Value read_number(std::string_view literal) {
  if (literal.find_first_of(".eE") == literal.npos) {
    if (auto value = base::parse_int(literal)) return *value;
  }
  double value = 0;
  std::from_chars(literal.data(), literal.data() + literal.size(), value);
  return value;
}

void append_go(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::Null:
      out += "<nil>";
      break;
    case Value::Kind::String:
      out += value.as_string();
      break;
    case Value::Kind::Array: {
      out += '[';
      bool first = true;
      for (const Value& element : value.as_array()) {
        if (!std::exchange(first, false)) out += ' ';
        append_go(out, element);
      }
      out += ']';
      break;
    }
    case Value::Kind::Object: {
      std::vector<const Member*> members;
      for (const Member& member : value.as_object()) members.push_back(&member);
      std::ranges::sort(members, {}, [](const Member* member) -> const std::string& { return member->key; });
      out += "map[";
      for (size_t i = 0; i < members.size(); ++i) {
        if (i != 0) out += ' ';
        out += members[i]->key;
        out += ':';
        append_go(out, members[i]->value);
      }
      out += ']';
      break;
    }
    default:
      value.append_json(out);
  }
}

}  // namespace

Value TreeReader::read() {
  std::string_view text;
  bool truth = false;
  switch (reader.peek()) {
    case base::JsonKind::Null:
      reader.read_null();
      return {};
    case base::JsonKind::Bool:
      reader.read_bool(truth);
      return truth;
    case base::JsonKind::Number:
      return reader.read_number(text) ? read_number_in_range(text) : Value();
    case base::JsonKind::String:
      reader.read_string(text);
      return text;
    case base::JsonKind::Array:
      return read_array();
    case base::JsonKind::Object:
      return read_object();
    case base::JsonKind::None:
      break;
  }
  return {};
}

Value TreeReader::read_number_in_range(std::string_view literal) const {
  double value = 0;
  auto [end, error] = std::from_chars(literal.data(), literal.data() + literal.size(), value);
  if (error == std::errc::result_out_of_range && (value > 1 || value < -1 || value == 0) &&
      literal.find("e-") == literal.npos && literal.find("E-") == literal.npos) {
    reader.fail_with(base::Error(base::Code::BadRequest, base::cat({"json: cannot unmarshal number ", literal,
                                                                    " into Go value of type float64"})));
    return {};
  }
  Value number = read_number(literal);
  auto* real = std::get_if<Value::Real>(&number.content_);
  if (as_written && real != nullptr && literal.size() <= sizeof real->text) {
    std::ranges::copy(literal, real->text);
    real->size = static_cast<uint8_t>(literal.size());
  }
  return number;
}

Value TreeReader::read_array() {
  Value::Array elements;
  reader.enter_array();
  while (reader.next_element()) {
    size_t length = path.size();
    if (duplicates) path += base::cat({"[", std::to_string(elements.size()), "]"});
    elements.push_back(read());
    path.resize(length);
  }
  return elements;
}

Value TreeReader::read_object() {
  Members members;
  std::string_view key;
  reader.enter_object();
  while (reader.next_key(key)) {
    size_t length = path.size();
    if (duplicates) {
      if (!path.empty()) path += '.';
      path += key;
    }
    size_t known = members.size();
    Value& slot = members[key];
    if (members.size() == known && duplicates) duplicates->push_back(path);
    slot = read();
    path.resize(length);
  }
  return members;
}

struct Members::Index {
  std::unordered_map<std::string_view, size_t> positions;
};

Members::Members() = default;
Members::Members(std::initializer_list<Member> members) {
  members_.reserve(members.size());
  for (const Member& member : members) set(member.key, member.value);
}
Members::Members(const Members& other) : members_(other.members_) {
  ensure_index();
}
Members::Members(Members&& other) noexcept = default;
Members& Members::operator=(const Members& other) {
  if (this != &other) *this = Members(other);
  return *this;
}
Members& Members::operator=(Members&& other) noexcept = default;
Members::~Members() = default;

size_t Members::size() const {
  return members_.size();
}
Member* Members::begin() {
  return members_.data();
}
Member* Members::end() {
  return members_.data() + members_.size();
}
const Member* Members::begin() const {
  return members_.data();
}
const Member* Members::end() const {
  return members_.data() + members_.size();
}

void Members::ensure_index() {
  if (index_ || members_.size() <= kIndexedSize) return;
  index_ = std::make_unique<Index>();
  for (size_t i = 0; i < members_.size(); ++i) index_->positions.emplace(members_[i].key, i);
}

size_t Members::position(std::string_view key) const {
  if (index_) {
    auto entry = index_->positions.find(key);
    return entry == index_->positions.end() ? members_.size() : entry->second;
  }
  size_t at = 0;
  while (at < members_.size() && members_[at].key != key) ++at;
  return at;
}

const Value* Members::find(std::string_view key) const {
  size_t at = position(key);
  return at == members_.size() ? nullptr : &members_[at].value;
}
Value* Members::find(std::string_view key) {
  return const_cast<Value*>(std::as_const(*this).find(key));
}

Value& Members::operator[](std::string_view key) {
  ensure_index();
  if (Value* value = find(key)) return *value;
  // Short keys live inside the members, so growing moves what the index looks at.
  if (members_.size() == members_.capacity()) index_.reset();
  Member& member = members_.emplace_back(std::string(key), Value());
  if (index_) index_->positions.emplace(member.key, members_.size() - 1);
  return member.value;
}

Value& Members::set(std::string_view key, Value value) {
  Value& slot = (*this)[key];
  slot = std::move(value);
  return slot;
}

bool Members::erase(std::string_view key) {
  size_t at = position(key);
  if (at == members_.size()) return false;
  index_.reset();
  members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

void Members::clear() {
  index_.reset();
  members_.clear();
}

void Members::sort() {
  index_.reset();
  std::ranges::sort(members_, {}, &Member::key);
}

bool Members::operator==(const Members& other) const {
  if (size() != other.size()) return false;
  for (size_t i = 0; i < members_.size(); ++i) {
    const Member& mine = members_[i];
    // Usually both are in the same order.
    const Value* theirs = other.members_[i].key == mine.key ? &other.members_[i].value : other.find(mine.key);
    if (theirs == nullptr || !(*theirs == mine.value)) return false;
  }
  return true;
}

base::Result<Value> Value::parse(std::string_view json, std::vector<std::string>* duplicates) {
  base::JsonReader reader(json);
  Value value = read(reader, duplicates);
  TRY(reader.finish());
  return value;
}

Value Value::read(base::JsonReader& reader, std::vector<std::string>* duplicates) {
  return TreeReader{.reader = reader, .duplicates = duplicates, .path = {}}.read();
}

base::Result<Value> Value::parse_as_written(std::string_view json) {
  base::JsonReader reader(json);
  Value value = TreeReader{.reader = reader, .duplicates = nullptr, .as_written = true, .path = {}}.read();
  TRY(reader.finish());
  return value;
}

std::string Value::to_json() const {
  std::string out;
  append_json(out);
  return out;
}

void Value::append_json(std::string& out) const {
  switch (kind()) {
    case Kind::Null:
      out += "null";
      break;
    case Kind::Bool:
      out += as_bool() ? "true" : "false";
      break;
    case Kind::Int:
      out += std::to_string(as_int());
      break;
    case Kind::Double: {
      const Real& real = *std::get_if<Real>(&content_);
      if (real.size != 0) {
        out.append(real.text, real.size);
      } else {
        base::append_json_double(out, real.value);
      }
      break;
    }
    case Kind::String:
      base::append_json_string(out, as_string());
      break;
    case Kind::Array: {
      out += '[';
      bool first = true;
      for (const Value& element : as_array()) {
        if (!std::exchange(first, false)) out += ',';
        element.append_json(out);
      }
      out += ']';
      break;
    }
    case Kind::Object: {
      out += '{';
      bool first = true;
      for (const Member& member : as_object()) {
        if (!std::exchange(first, false)) out += ',';
        base::append_json_string(out, member.key);
        out += ':';
        member.value.append_json(out);
      }
      out += '}';
      break;
    }
  }
}

std::string Value::to_go_string() const {
  std::string out;
  append_go(out, *this);
  return out;
}

std::string_view Value::kind_name() const {
  static constexpr std::string_view kNames[] = {"null", "bool", "number", "number", "string", "array", "object"};
  return kNames[static_cast<size_t>(kind())];
}

const Value* Value::at(std::initializer_list<std::string_view> path) const {
  const Value* value = this;
  for (std::string_view key : path) {
    if (value = value->find(key); value == nullptr) return nullptr;
  }
  return value;
}

Value* Value::at(std::initializer_list<std::string_view> path) {
  return const_cast<Value*>(std::as_const(*this).at(path));
}

std::string_view Value::text_at(std::initializer_list<std::string_view> path) const {
  const Value* value = at(path);
  return value && value->is_string() ? std::string_view(value->as_string()) : std::string_view();
}

Value::Object& Value::ensure_object(std::initializer_list<std::string_view> path) {
  Value* value = this;
  auto object = [&]() -> Object& {
    if (!value->is_object()) *value = Object();
    return value->as_object();
  };
  for (std::string_view key : path) value = &object()[key];
  return object();
}

}  // namespace schema
