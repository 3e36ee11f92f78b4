#include "api/core_v1.h"
#include "apiserver/admission/optional/optional.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

// Who makes something in a namespace that is not there gets the namespace, too.
class NamespaceAutoProvision final : public AdmissionPlugin {
 public:
  explicit NamespaceAutoProvision(base::Random& random) : random_(random) {}
  std::string_view name() const override { return "NamespaceAutoProvision"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.operation == Operation::Create && !attempt.namespace_.empty() && attempt.served.row().namespaced &&
           !attempt.dry_run;
  }

  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    const Served& served = attempt.reader.catalog().of<core::Namespace>();
    std::string key = served.key("", attempt.namespace_);
    CO_TRY(auto there, co_await attempt.reader.store().get(key));
    if (there != nullptr) co_return {};
    base::Bytes made(served.encode(schema::Object(fresh(attempt))));
    CO_TRY(co_await attempt.reader.store().update(key, [&](const store::Entry* current) -> base::Result<store::Change> {
      return current != nullptr ? store::Change::keep() : store::Change::put(made);
    }));
    co_return {};
  }

 private:
  core::Namespace fresh(const Attempt& attempt) const {
    core::Namespace made;
    made.metadata.name = attempt.namespace_;
    made.metadata.uid = random_.uuid();
    made.metadata.creation_timestamp = attempt.now.truncated_to_seconds();
    made.metadata.labels["kubernetes.io/metadata.name"] = attempt.namespace_;
    made.spec.finalizers = {"kubernetes"};
    made.status.phase = "Active";
    return made;
  }

  base::Random& random_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_namespace_auto_provision(base::Random& random) {
  return std::make_unique<NamespaceAutoProvision>(random);
}

}  // namespace apiserver
