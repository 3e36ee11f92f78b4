#include "scheduler/plugin/volume_binding/volume_binding.h"

#include <set>
#include <unordered_map>

#include "base/strings.h"
#include "scheduler/plugin/volume_binding/find.h"
#include "volume/annotations.h"
#include "volume/claim.h"

namespace scheduler {
namespace {

using namespace volume_binding;  // NOLINT: the words of its search

class BindingJudge final : public Judge {
 public:
  BindingJudge(Sorted sorted, const Storage& storage) : sorted_(std::move(sorted)), storage_(storage) {}
  std::optional<Refusal> filter_all() override { return sorted_.refusal; }
  std::optional<Refusal> filter(const NodeInfo& node) override {
    auto choice = choose(sorted_.claims, node, storage_);
    if (choice.reasons.empty()) return {};
    return Refusal{std::move(choice.reasons), false};
  }

 private:
  Sorted sorted_;
  const Storage& storage_;
};

class VolumeBinding final : public Plugin {
 public:
  VolumeBinding(client::Client client, Storage& storage, io::Duration timeout)
      : client_(std::move(client)), storage_(storage), timeout_(timeout) {}
  std::string_view name() const override { return "VolumeBinding"; }
  Happening wakers() const override {
    return Happening::NodeAdded | Happening::NodeLabelsChanged | Happening::ClaimChanged | Happening::VolumeChanged |
           Happening::StorageClassChanged | Happening::StorageDriverChanged;
  }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    if (pod.claims.empty()) return nullptr;
    return std::make_unique<BindingJudge>(sort_claims(pod, storage_), storage_);
  }

  bool reserves(const PodInfo& pod) const override { return !pod.claims.empty(); }
  void reserve(const PodInfo& pod, const NodeInfo& node) override {
    auto choice = choose(sort_claims(pod, storage_).claims, node, storage_);
    for (auto& match : choice.matches) storage_.promise_volume(match.volume->metadata.name, key_of(*match.claim));
    for (auto& claim : choice.provision) storage_.promise_node(key_of(*claim), node.name);
    reserved_[pod.key] = std::move(choice);
  }
  void release(const PodInfo& pod, Outcome) override {
    auto found = reserved_.find(pod.key);
    if (found == reserved_.end()) return;
    for (auto& match : found->second.matches) storage_.release_volume(match.volume->metadata.name);
    for (auto& claim : found->second.provision) storage_.release_node(key_of(*claim));
    reserved_.erase(found);
  }

  io::Task<base::Result<void>> pre_bind(PodInfoRef pod, std::string node) override {
    auto found = reserved_.find(pod->key);
    if (found == reserved_.end()) co_return {};
    Choice choice = found->second;
    if (choice.matches.empty() && choice.provision.empty()) co_return {};
    for (auto& match : choice.matches) {
      auto next = volume::bound_to(*match.volume, *match.claim);
      if (next != *match.volume) CO_TRY(co_await client_.update(std::move(next)));
    }
    for (auto& claim : choice.provision) {
      Storage::Claim next = *claim;
      next.metadata.annotations[std::string(volume::kSelectedNode)] = node;
      if (next != *claim) CO_TRY(co_await client_.update(std::move(next)));
    }
    auto bound = co_await io::with_timeout(timeout_, wait_bound(choice, node));
    if (!bound) co_return base::fail(base::Code::Timeout, "binding volumes: context deadline exceeded");
    if (!*bound) co_return base::fail(bound->error().with_context("binding volumes"));
    co_return {};
  }

 private:
  io::Task<base::Result<void>> wait_bound(Choice choice, std::string node) {
    std::set<std::string> asked;  // claims on which our annotation has come back
    for (;;) {
      bool all = true;
      for (auto& match : choice.matches) {
        CO_TRY(bool bound, check(*match.claim));
        all = all && bound;
      }
      for (auto& claim : choice.provision) {
        CO_TRY(bool bound, check(*claim));
        all = all && bound;
        auto now = storage_.claim(claim->metadata.namespace_, claim->metadata.name);
        auto chosen = now->metadata.annotations.find(volume::kSelectedNode);
        bool says_so = chosen != now->metadata.annotations.end() && chosen->second == node;
        if (!bound && !says_so && asked.contains(key_of(*claim)))
          co_return base::fail(base::Code::Conflict, "provisioning failed for PVC " + base::quote(key_of(*claim)));
        if (says_so) asked.insert(key_of(*claim));
      }
      if (all) co_return {};
      co_await storage_.wait_change();
    }
  }

  base::Result<bool> check(const Storage::Claim& claim) const {
    auto now = storage_.claim(claim.metadata.namespace_, claim.metadata.name);
    if (now == nullptr || now->metadata.uid != claim.metadata.uid)
      return base::fail(base::Code::NotFound,
                        base::cat({"persistentvolumeclaim ", base::quote(claim.metadata.name), " not found"}));
    if (!now->metadata.deletion_timestamp.is_zero())
      return base::fail(base::Code::Conflict,
                        base::cat({"persistentvolumeclaim ", base::quote(claim.metadata.name), " is being deleted"}));
    return volume::is_fully_bound(*now);
  }

  client::Client client_;
  Storage& storage_;
  const io::Duration timeout_;
  std::unordered_map<client::Key, Choice> reserved_;  // by pod
};

}  // namespace

std::unique_ptr<Plugin> make_volume_binding(client::Client client, Storage& storage, io::Duration timeout) {
  return std::make_unique<VolumeBinding>(std::move(client), storage, timeout);
}

}  // namespace scheduler
