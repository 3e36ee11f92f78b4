// Rules about amounts of resources: their names, and what requests and limits may say.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "api/core_v1.h"
#include "apiserver/registry/validation/report.h"
#include "base/quantity.h"

namespace apiserver {

using Amounts = std::map<std::string, base::Quantity, std::less<>>;
using Names = std::set<std::string_view>;

// Reference documentation, "Resource names": native ones have no domain, or kubernetes.io's.
bool is_native_resource(std::string_view name);
bool is_huge_page_resource(std::string_view name);
bool is_extended_resource(std::string_view name);
bool is_overcommit_allowed(std::string_view name);
bool is_quota_resource(std::string_view name);
bool is_standard_container_resource(std::string_view name);

void check_resource_name(Report& report, std::string_view name, const Place& at);
void check_container_resource_name(Report& report, std::string_view name, const Place& at);
void check_quota_resource_name(Report& report, std::string_view name, const Place& at);
// Not negative, and whole where parts make no sense.
void check_amount(Report& report, std::string_view name, const base::Quantity& amount, const Place& at);
void check_positive(Report& report, const base::Quantity& amount, const Place& at);
// Not below zero when rounded to bytes.
void check_basic_amount(Report& report, const base::Quantity& amount, const Place& at);

enum class ResourceOwner : uint8_t { Container, Pod };
enum class HugePages : uint8_t { WholePages, AnyAmount };
void check_resource_requirements(Report& report, const api::core_v1::ResourceRequirements& resources,
                                 const Names& claims, const Place& at, ResourceOwner owner, HugePages huge_pages);
// Of a runtime class: amounts alone.
void check_overhead(Report& report, const Amounts& overhead, const Place& at, HugePages huge_pages);
// Whether some amount of huge pages is not a number of whole pages.
bool has_indivisible_huge_pages(const api::core_v1::ResourceRequirements& resources);
// What the whole pod asks for against what its containers ask for.
void check_pod_resources(Report& report, const api::core_v1::PodSpec& spec, const Names& claims, const Place& at,
                         HugePages huge_pages);

schema::BadValue bad_value(const base::Quantity& amount);
schema::BadValue bad_value(const Amounts& amounts);

}  // namespace apiserver
