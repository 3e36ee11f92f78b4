// How many objects there are of a resource in each namespace. One loop.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "client/reflector.h"
#include "controller/common/kinds.h"
#include "io/loop.h"

namespace controller::resource_quota {

class ObjectCounts final : public client::Sink {
 public:
  // Told of each namespace ("": any) that has another number now, and of the resource version of what was added; "":
  // some went, or all was listed.
  using Changed = std::function<void(const std::string& namespace_, std::string_view added_version)>;
  ObjectCounts(ResourceKind kind, Changed changed) : kind_(std::move(kind)), changed_(std::move(changed)) {}

  const ResourceKind& kind() const { return kind_; }
  bool synced() const { return synced_; }
  int64_t count(const std::string& namespace_) const;

  void replace(std::vector<client::Raw> items, std::string resource_version) override;
  std::string apply(client::RawEvent event) override;

 private:
  const ResourceKind kind_;
  const Changed changed_;
  std::map<std::string, std::set<std::string>> names_;  // by namespace
  bool synced_ = false;
};

}  // namespace controller::resource_quota
