#include "schema/apply/filter.h"

namespace schema::apply {
namespace {

FieldSet walk(const FieldSet& fields, const FieldFilter::Paths& paths) {
  FieldSet out;
  for (const auto& node : fields.nodes()) {
    FieldFilter::Paths below;
    bool whole = false;
    for (const auto& path : paths) {
      if (node.element.kind() != PathElement::Kind::Field || node.element.name() != path.front()) continue;
      whole |= path.size() == 1;
      if (path.size() > 1) below.emplace_back(path.begin() + 1, path.end());
    }
    if (whole) continue;
    FieldSet all = node.below ? *node.below : FieldSet();
    out.append(node.element, node.member, below.empty() ? std::move(all) : walk(all, below));
  }
  return out;
}

}  // namespace

FieldFilter FieldFilter::without(Paths paths) {
  FieldFilter filter;
  filter.paths_ = std::move(paths);
  return filter;
}

FieldSet FieldFilter::of(const FieldSet& fields) const { return paths_.empty() ? fields : walk(fields, paths_); }

}  // namespace schema::apply
