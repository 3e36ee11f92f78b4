// What pods of a namespace tolerate: what it says by annotation, or the cluster by the admission control file, is given
// to them and bounds them.

#include <algorithm>

#include "api/core_v1.h"
#include "apiserver/admission/optional/optional.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/strategy/pod_rules.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/value.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using Tolerations = std::vector<core::Toleration>;

constexpr std::string_view kDefault = "scheduler.alpha.kubernetes.io/defaultTolerations";
constexpr std::string_view kAllowed = "scheduler.alpha.kubernetes.io/tolerationsWhitelist";

// Whether `wide` tolerates all that `narrow` does.
bool covers(const core::Toleration& wide, const core::Toleration& narrow) {
  if (wide == narrow) return true;
  if (!wide.key.empty() && wide.key != narrow.key) return false;
  if (!wide.effect.empty() && wide.effect != narrow.effect) return false;
  if (wide.effect == "NoExecute" && wide.toleration_seconds &&
      narrow.toleration_seconds.value_or(INT64_MAX) > *wide.toleration_seconds) {
    return false;
  }
  if (wide.operator_ == "Exists") return true;
  return (wide.operator_.empty() || wide.operator_ == "Equal") && narrow.operator_ == "Equal" &&
         wide.value == narrow.value;
}

// Both, without what others among them cover; of equal ones the first.
Tolerations merged(Tolerations all, const Tolerations& more) {
  all.insert(all.end(), more.begin(), more.end());
  Tolerations kept;
  for (size_t i = 0; i < all.size(); ++i) {
    auto is_wider = [&](const core::Toleration& other) { return covers(other, all[i]); };
    bool redundant = std::any_of(kept.begin(), kept.end(), is_wider) ||
                     std::any_of(all.begin() + static_cast<ptrdiff_t>(i) + 1, all.end(),
                                 [&](const auto& later) { return !(later == all[i]) && is_wider(later); });
    if (!redundant) kept.push_back(all[i]);
  }
  return kept;
}

base::Result<Tolerations> read_tolerations(const schema::Value& list) {
  Tolerations read;
  if (!list.is_array()) return base::fail(base::Code::BadRequest, "a list of tolerations expected");
  for (const auto& one : list.as_array()) {
    TRY(auto toleration, schema::from_json<core::Toleration>(one.to_json()));
    read.push_back(std::move(toleration));
  }
  return read;
}

// Nothing when the namespace does not say.
base::Result<std::optional<Tolerations>> read_annotation(const core::Namespace& space, std::string_view key) {
  auto found = space.metadata.annotations.find(key);
  if (found == space.metadata.annotations.end()) return std::nullopt;
  if (found->second.empty()) return Tolerations();
  TRY(auto list, schema::Value::parse(found->second));
  TRY(auto read, read_tolerations(list));
  return read;
}

class PodTolerationRestriction final : public AdmissionPlugin {
 public:
  PodTolerationRestriction(Tolerations given, Tolerations allowed)
      : given_(std::move(given)), allowed_(std::move(allowed)) {}
  std::string_view name() const override { return "PodTolerationRestriction"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.is("pods") && attempt.subresource.empty() && attempt.object != nullptr &&
           attempt.object->get_if<core::Pod>() != nullptr &&
           (attempt.operation == Operation::Create || attempt.operation == Operation::Update);
  }

  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    auto& spec = attempt.object->as<core::Pod>().spec;
    Tolerations all = spec.tolerations;
    if (attempt.operation == Operation::Create) {
      CO_TRY(auto given, co_await of_namespace(attempt, kDefault, given_));
      if (!given.empty()) all = all.empty() ? given : merged(given, all);
    }
    if (qos_class(spec) != "BestEffort") {
      core::Toleration pressure;
      pressure.key = "node.kubernetes.io/memory-pressure";
      pressure.operator_ = "Exists";
      pressure.effect = "NoSchedule";
      all = merged(std::move(all), {pressure});
    }
    if (!all.empty()) spec.tolerations = std::move(all);
    co_return co_await validate(attempt);
  }

  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    const auto& own = attempt.object->as<core::Pod>().spec.tolerations;
    if (own.empty()) co_return {};
    CO_TRY(auto allowed, co_await of_namespace(attempt, kAllowed, allowed_));
    if (allowed.empty()) co_return {};
    for (const auto& one : own) {
      if (std::any_of(allowed.begin(), allowed.end(), [&](const auto& wide) { return covers(wide, one); })) continue;
      co_return base::fail(
          plain_error("pod tolerations (possibly merged with namespace default tolerations) conflict with its "
                      "namespace whitelist"));
    }
    co_return {};
  }

 private:
  static io::Task<base::Result<Tolerations>> of_namespace(const Attempt& attempt, std::string_view annotation,
                                                          const Tolerations& otherwise) {
    CO_TRY(auto space, co_await attempt.reader.get<core::Namespace>("", std::string(attempt.namespace_)));
    auto said = read_annotation(space, annotation);
    if (!said) co_return base::fail(plain_error(said.error().message()));
    co_return *said ? std::move(**said) : otherwise;
  }

  const Tolerations given_;
  const Tolerations allowed_;
};

}  // namespace

base::Result<std::unique_ptr<AdmissionPlugin>> make_pod_toleration_restriction(std::string_view document) {
  Tolerations given;
  Tolerations allowed;
  if (!document.empty()) {
    TRY(auto read, schema::Value::parse(document));
    if (const auto* list = read.at({"default"}); list != nullptr && !list->is_null()) {
      TRY(given, read_tolerations(*list));
    }
    if (const auto* list = read.at({"whitelist"}); list != nullptr && !list->is_null()) {
      TRY(allowed, read_tolerations(*list));
    }
  }
  return std::make_unique<PodTolerationRestriction>(std::move(given), std::move(allowed));
}

}  // namespace apiserver
