// Nothing is made in a namespace that is not there or is going, and the namespaces every cluster has stay.

#include "api/core_v1.h"
#include "apiserver/admission/list.h"
#include "apiserver/pipeline/errors.h"
#include "base/strings.h"
#include "schema/status.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

bool is_immortal(std::string_view name) {
  return name == "default" || name == "kube-system" || name == "kube-public";
}

class NamespaceLifecycle final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "NamespaceLifecycle"; }

  bool handles(const Attempt& attempt) const override {
    if (attempt.operation == Operation::Delete) return attempt.is("namespaces") && attempt.subresource.empty();
    if (attempt.operation != Operation::Create) return false;
    return attempt.served.row().namespaced && !is_review(attempt);
  }

  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    if (attempt.operation == Operation::Delete) {
      if (is_immortal(attempt.name)) {
        co_return attempt.refuse("this namespace may not be deleted");
      }
      co_return {};
    }
    std::string name(attempt.namespace_);
    CO_TRY(auto one, co_await attempt.reader.look<core::Namespace>("", name));
    if (one->metadata.deletion_timestamp.is_zero() && one->status.phase != "Terminating") co_return {};
    auto why = base::cat({"unable to create new content in namespace ", name, " because it is being terminated"});
    auto status =
        schema::status_of(forbidden(attempt.served.row().group, attempt.served.row().plural, attempt.name, why));
    auto& cause = status.details->causes.emplace_back();
    cause.reason = "NamespaceTerminating";
    cause.message = base::cat({"namespace ", name, " is being terminated"});
    cause.field = "metadata.namespace";
    co_return base::fail(schema::error_of(std::move(status)));
  }

 private:
  static bool is_review(const Attempt& attempt) {
    return attempt.is("localsubjectaccessreviews", "authorization.k8s.io");
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_namespace_lifecycle() {
  return std::make_unique<NamespaceLifecycle>();
}

}  // namespace apiserver
