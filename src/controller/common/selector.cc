#include "controller/common/selector.h"

#include <algorithm>

namespace controller {

Selector selector_from(const api::meta_v1::LabelSelector& selector) {
  return Selector::from(selector).value_or(Selector::nothing());
}

bool includes(const Labels& labels, const Labels& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
    auto label = labels.find(entry.first);
    return label != labels.end() && label->second == entry.second;
  });
}

}  // namespace controller
