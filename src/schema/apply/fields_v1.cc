// The written form of field sets.
#include "base/json.h"
#include "base/strings.h"
#include "schema/apply/field_set.h"

namespace schema::apply {
namespace {

// Reads one level; `self` tells whether it has a ".", by which the level above is a member.
FieldSet read_level(base::JsonReader& reader, bool& self) {
  FieldSet level;
  self = false;
  bool sorted = true;
  std::string_view key;
  if (!reader.enter_object()) return level;
  while (reader.next_key(key)) {
    if (key == ".") {
      self = true;
      reader.skip_value();
      continue;
    }
    auto element = PathElement::parse(key);
    if (!element) {
      reader.fail_with(element.error());
      return level;
    }
    bool member = false;
    FieldSet below = read_level(reader, member);
    if (!*element) continue;
    member |= below.empty();
    if (sorted && (level.empty() || level.nodes().back().element < **element)) {
      level.append(std::move(**element), member, std::move(below));
      continue;
    }
    // Written by somebody who sorts otherwise; what is met twice is united.
    sorted = false;
    FieldSet one;
    one.append(std::move(**element), member, std::move(below));
    level = unite(std::move(level), std::move(one));
  }
  return level;
}

}  // namespace

base::Result<FieldSet> FieldSet::parse(std::string_view fields_v1) {
  base::JsonReader reader(fields_v1);
  bool self = false;
  FieldSet set = read_level(reader, self);
  TRY(reader.finish());
  return set;
}

std::string FieldSet::to_fields_v1() const {
  std::string out;
  append_fields_v1(out, false);
  return out;
}

void FieldSet::append_fields_v1(std::string& out, bool self) const {
  out += '{';
  if (self) out += "\".\":{}";
  bool first = !self;
  for (const FieldNode& node : nodes_) {
    if (!first) out += ',';
    first = false;
    node.element.append_fields_v1(out);
    out += ':';
    if (node.below) {
      node.below->append_fields_v1(out, node.member);
    } else {
      out += "{}";
    }
  }
  out += '}';
}

}  // namespace schema::apply
