#include "controller/resource_quota/object_counts.h"

#include "client/codec.h"

namespace controller::resource_quota {

int64_t ObjectCounts::count(const std::string& namespace_) const {
  auto found = names_.find(namespace_);
  return found == names_.end() ? 0 : static_cast<int64_t>(found->second.size());
}

void ObjectCounts::replace(std::vector<client::Raw> items, std::string) {
  names_.clear();
  for (const client::Raw& item : items) {
    if (auto meta = client::decode_meta(item)) names_[meta->namespace_].insert(meta->name);
  }
  synced_ = true;
  changed_("", "");
}

std::string ObjectCounts::apply(client::RawEvent event) {
  auto meta = client::decode_meta(event.object);
  if (!meta) return "";
  if (event.kind != client::RawEvent::Kind::Deleted) {
    bool added = names_[meta->namespace_].insert(meta->name).second;
    if (added) changed_(meta->namespace_, meta->resource_version);
    return meta->resource_version;
  }
  auto found = names_.find(meta->namespace_);
  if (found != names_.end()) {
    found->second.erase(meta->name);
    if (found->second.empty()) names_.erase(found);
  }
  changed_(meta->namespace_, "");
  return meta->resource_version;
}

}  // namespace controller::resource_quota
