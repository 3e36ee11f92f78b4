#include "schema/apply/filter.h"

namespace schema::apply {
namespace {

FieldSet walk(FieldSet fields, const FieldFilter::Paths& paths) {
  FieldSet out;
  for (FieldNode& node : fields.release()) {
    FieldFilter::Paths below;
    bool whole = false;
    for (const auto& path : paths) {
      if (node.element.kind() != PathElement::Kind::Field || node.element.name() != path.front()) continue;
      whole |= path.size() == 1;
      if (path.size() > 1) below.emplace_back(path.begin() + 1, path.end());
    }
    if (whole) continue;
    if (!below.empty() && node.below) *node.below = walk(std::move(*node.below), below);
    out.append(std::move(node));
  }
  return out;
}

}  // namespace

FieldFilter FieldFilter::without(Paths paths) {
  FieldFilter filter;
  filter.paths_ = std::move(paths);
  return filter;
}

FieldSet FieldFilter::of(FieldSet fields) const {
  return paths_.empty() ? fields : walk(std::move(fields), paths_);
}

}  // namespace schema::apply
