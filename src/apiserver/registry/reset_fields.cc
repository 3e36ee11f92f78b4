#include "apiserver/registry/reset_fields.h"

#include <algorithm>
#include <iterator>

namespace apiserver {
namespace {

using schema::apply::FieldFilter;

// Where more than the other half of the object is put back.
struct Reset {
  std::string_view group;
  std::string_view resource;
  std::string_view subresource;
  FieldFilter::Paths paths;
};

const Reset kResets[] = {
    {"certificates.k8s.io", "certificatesigningrequests", "", {{"spec"}, {"status"}}},
    {"certificates.k8s.io", "certificatesigningrequests", "status", {{"spec"}, {"status", "conditions"}}},
    {"certificates.k8s.io", "certificatesigningrequests", "approval", {{"spec"}, {"status", "certificate"}}},
    {"", "namespaces", "finalize", {{"status"}}},
    {"", "pods", "status", {{"spec"}, {"metadata", "deletionTimestamp"}, {"metadata", "ownerReferences"}}},
    {"apps", "deployments", "status", {{"spec"}, {"metadata", "labels"}}},
    {"storage.k8s.io", "volumeattachments", "status", {{"spec"}, {"metadata"}}},
    {"admissionregistration.k8s.io", "validatingadmissionpolicies", "status", {{"spec"}, {"metadata"}}},
    {"flowcontrol.apiserver.k8s.io", "flowschemas", "status", {{"spec"}, {"metadata"}}},
    {"flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", "status", {{"spec"}, {"metadata"}}},
    {"apiregistration.k8s.io", "apiservices", "status", {{"spec"}, {"metadata"}}},
    {"apiextensions.k8s.io", "customresourcedefinitions", "status", {{"spec"}, {"metadata"}}},
};

const Reset* find(const schema::Resource& row, std::string_view subresource) {
  auto at = std::find_if(std::begin(kResets), std::end(kResets), [&](const Reset& reset) {
    return reset.resource == row.plural && reset.group == row.group && reset.subresource == subresource;
  });
  return at == std::end(kResets) ? nullptr : at;
}

}  // namespace

FieldFilter ownable_fields(const schema::Resource& row, std::string_view subresource) {
  if (const Reset* reset = find(row, subresource)) return FieldFilter::without(reset->paths);
  if (subresource == "status") return FieldFilter::without({{"spec"}});
  if (subresource.empty() && row.subresource("status") != nullptr) return FieldFilter::without({{"status"}});
  return {};
}

}  // namespace apiserver
