// A set of field paths, as a tree: what a manager owns, what a write changed. The written form is FieldsV1:
//
//   {"f:data":{".":{},"f:k":{}}}     holds .data and .data.k
//
// A value; small sets are cheap, nodes are sorted.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/apply/path_element.h"

namespace schema::apply {

class FieldSet;

// One element of a level.
struct FieldNode {
  FieldNode(PathElement element, bool member);
  FieldNode(const FieldNode& other);
  FieldNode(FieldNode&& other) noexcept;
  FieldNode& operator=(const FieldNode& other);
  FieldNode& operator=(FieldNode&& other) noexcept;
  ~FieldNode();

  PathElement element;
  bool member;
  std::unique_ptr<FieldSet> below;  // null, or not empty
};

class FieldSet {
 public:
  FieldSet() = default;
  // Of paths of field names: {{"metadata", "name"}, {"status"}}.
  static FieldSet of(std::initializer_list<std::initializer_list<std::string_view>> paths);

  // BadRequest for what is no FieldsV1. Path elements of unknown kinds are dropped.
  static base::Result<FieldSet> parse(std::string_view fields_v1);
  std::string to_fields_v1() const;

  bool empty() const { return nodes_.empty(); }
  const std::vector<FieldNode>& nodes() const { return nodes_; }
  const FieldNode* find(const PathElement& element) const;
  bool has(const PathElement& element) const;  // as a member of this level
  bool has(const Path& path) const;
  // What is below `element`; empty when nothing is.
  const FieldSet& below(const PathElement& element) const;

  void insert(const Path& path);
  void insert(PathElement element);  // as a member of this level
  // For building a level: appends what is not there yet; nothing when it is no member and has nothing below. Ends with
  // sort().
  void append(PathElement element, bool member, FieldSet below = {});
  void append(FieldNode node);
  void sort();

  // Takes what is in the set out of it: for those who take it apart.
  std::vector<FieldNode> release() { return std::move(nodes_); }

  // Members of this level first, in order, then what is below each.
  void each(const std::function<void(const Path&)>& visit) const;

  bool operator==(const FieldSet& other) const;

 private:
  void each_from(Path& path, const std::function<void(const Path&)>& visit) const;
  void append_fields_v1(std::string& out, bool self) const;

  std::vector<FieldNode> nodes_;  // by element; each is a member, or has something below, or both
};

// What is taken by value is moved from, so that nothing is copied that goes into the outcome as it is.
FieldSet unite(FieldSet a, FieldSet b);
FieldSet intersect(const FieldSet& a, const FieldSet& b);
// The paths of `a` that are not in `b`.
FieldSet subtract(FieldSet a, const FieldSet& b);
// The same, and without all that is below a path of `b`.
FieldSet subtract_recursively(FieldSet a, const FieldSet& b);

}  // namespace schema::apply
