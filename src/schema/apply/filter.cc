#include "schema/apply/filter.h"

#include <algorithm>

namespace schema::apply {
namespace {

bool matches(std::string_view step, const PathElement& element) {
  return step == "*" || (element.kind() == PathElement::Kind::Field && element.name() == step);
}

FieldSet walk(const FieldSet& fields, const FieldFilter::Paths& paths, bool keeps) {
  FieldSet out;
  for (const auto& node : fields.nodes()) {
    FieldFilter::Paths below;
    bool whole = false;
    for (const auto& path : paths) {
      if (!matches(path.front(), node.element)) continue;
      whole |= path.size() == 1;
      if (path.size() > 1) below.emplace_back(path.begin() + 1, path.end());
    }
    FieldSet all = node.below ? *node.below : FieldSet();
    if (whole && keeps) out.append(node.element, node.member, std::move(all));
    if (whole) continue;
    if (below.empty() && keeps) continue;
    out.append(node.element, node.member && !keeps, below.empty() ? std::move(all) : walk(all, below, keeps));
  }
  return out;
}

}  // namespace

FieldFilter FieldFilter::without(Paths paths) {
  FieldFilter filter;
  filter.paths_ = std::move(paths);
  return filter;
}

FieldFilter FieldFilter::only(Paths paths) {
  FieldFilter filter = without(std::move(paths));
  filter.keeps_ = true;
  return filter;
}

FieldSet FieldFilter::of(const FieldSet& fields) const {
  return paths_.empty() ? fields : walk(fields, paths_, keeps_);
}

}  // namespace schema::apply
