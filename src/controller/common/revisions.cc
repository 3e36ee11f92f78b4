#include "controller/common/revisions.h"

#include <algorithm>

#include "base/strings.h"
#include "controller/common/hash.h"
#include "controller/common/ownership.h"
#include "controller/common/removal.h"
#include "schema/json.h"
#include "schema/value.h"

namespace controller {
namespace {

using api::apps_v1::ControllerRevision;

// Numbers and order of keys may have changed on the way through the server.
bool same_data(const std::string& a, const std::string& b) {
  if (a == b) return true;
  auto left = schema::Value::parse(a), right = schema::Value::parse(b);
  return left && right && *left == *right;
}

}  // namespace

std::string template_patch(const api::core_v1::PodTemplateSpec& template_) {
  std::string json = schema::to_json(template_);
  json.back() = ',';
  return base::cat({R"({"spec":{"template":)", json, R"("$patch":"replace"}}})"});
}

std::string hash_of(const ControllerRevision& revision) {
  auto hash = revision.metadata.labels.find(kRevisionHash);
  return hash == revision.metadata.labels.end() ? "" : hash->second;
}

RevisionPlan plan_revisions(const schema::Type& owner_type, const api::meta_v1::ObjectMeta& owner,
                            const api::core_v1::PodTemplateSpec& template_, std::optional<int32_t> collisions,
                            const std::vector<RevisionPointer>& revisions) {
  RevisionPlan plan;
  std::string data = template_patch(template_);
  int64_t newest = 0;
  for (const RevisionPointer& revision : revisions) {
    newest = std::max(newest, revision->revision);
    if (same_data(revision->data, data) && (!plan.current || revision->revision > plan.current->revision))
      plan.current = revision;
  }
  if (plan.current) {
    plan.hash = hash_of(*plan.current);
    if (plan.current->revision < newest) {
      plan.renumber = *plan.current;
      plan.renumber->revision = newest + 1;
    }
    return plan;
  }
  plan.hash = safe_text(fnv1a_32(collisions ? data + std::to_string(*collisions) : data));
  ControllerRevision& revision = plan.create.emplace();
  revision.metadata.namespace_ = owner.namespace_;
  revision.metadata.name = base::cat({owner.name, "-", plan.hash});
  revision.metadata.labels = template_.metadata.labels;
  revision.metadata.labels[std::string(kRevisionHash)] = plan.hash;
  revision.metadata.annotations = owner.annotations;
  revision.metadata.annotations.erase("kubectl.kubernetes.io/last-applied-configuration");
  revision.metadata.owner_references.push_back(controller_reference(owner_type, owner));
  revision.data = std::move(data);
  revision.revision = newest + 1;
  return plan;
}

std::vector<RevisionPointer> surplus_of_revisions(std::vector<RevisionPointer> revisions, int32_t limit,
                                                  const std::vector<std::string>& live) {
  std::erase_if(revisions, [&](const RevisionPointer& one) {
    return std::find(live.begin(), live.end(), hash_of(*one)) != live.end();
  });
  if (revisions.size() <= static_cast<size_t>(std::max(limit, 0))) return {};
  std::sort(revisions.begin(), revisions.end(),
            [](const RevisionPointer& a, const RevisionPointer& b) { return a->revision < b->revision; });
  revisions.resize(revisions.size() - static_cast<size_t>(std::max(limit, 0)));
  return revisions;
}

io::Task<base::Result<void>> remove_revisions(client::Client client, std::vector<RevisionPointer> revisions) {
  for (const RevisionPointer& revision : revisions) CO_TRY(co_await remove_exactly(client, revision));
  co_return {};
}

}  // namespace controller
