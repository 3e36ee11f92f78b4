#include "cel/admission_environment.h"

#include "api/core_v1.h"
#include "cel/authorizer.h"

namespace cel {
namespace {

// By hand, since its `namespace` is called so here, and not `__namespace__`.
const DeclarationRef& request_declaration() {
  static const DeclarationRef declaration = [] {
    auto text = declare(string_type());
    auto group_version = [&](std::string type, std::string last) {
      return declare_object(std::move(type), {{"group", text}, {"version", text}, {std::move(last), text}});
    };
    auto kind = group_version("kubernetes.GroupVersionKind", "kind");
    auto resource = group_version("kubernetes.GroupVersionResource", "resource");
    auto texts = declare_list(text);
    auto user =
        declare_object("kubernetes.UserInfo",
                       {{"username", text}, {"uid", text}, {"groups", texts}, {"extra", declare_map(text, texts)}});
    return declare_object("kubernetes.AdmissionRequest", {{"kind", kind},
                                                          {"resource", resource},
                                                          {"subResource", text},
                                                          {"requestKind", kind},
                                                          {"requestResource", resource},
                                                          {"requestSubResource", text},
                                                          {"name", text},
                                                          {"namespace", text},
                                                          {"operation", text},
                                                          {"userInfo", user},
                                                          {"dryRun", declare(bool_type())},
                                                          {"options", declare(dyn_type())}});
  }();
  return declaration;
}

}  // namespace

const DeclarationRef& namespace_declaration() {
  static const DeclarationRef declaration = declare(api::core_v1::Namespace::kType);
  return declaration;
}

Environment admission_environment(const AdmissionNames& names) {
  Environment environment;
  DeclarationRef object = names.object ? names.object : declare(dyn_type());
  environment.add_variable("object", object);
  environment.add_variable("oldObject", object);
  environment.add_variable("request", request_declaration());
  environment.add_variable("authorizer", authorizer_type());
  environment.add_variable("authorizer.requestResource", resource_check_type());
  if (names.with_namespace) environment.add_variable("namespaceObject", namespace_declaration());
  if (names.with_params) environment.add_variable("params", names.params ? names.params : declare(dyn_type()));
  return environment;
}

Environment with_variables(Environment environment,
                           const std::vector<std::pair<std::string, DeclarationRef>>& variables) {
  environment.add_variable("variables", declare_object("kubernetes.variables", variables));
  return environment;
}

}  // namespace cel
