// The list of libraries: the language's own and those that Kubernetes adds. To add one: a file, and a line here.
#pragma once

#include <vector>

#include "cel/function.h"

namespace cel::library {

void add_operators(Functions& functions);
void add_conversions(Functions& functions);
void add_text(Functions& functions);
void add_times(Functions& functions);
void add_optionals(Functions& functions);
void add_maps(Functions& functions);
void add_strings(Functions& functions);
void add_lists(Functions& functions);
void add_sets(Functions& functions);
void add_regexes(Functions& functions);
void add_urls(Functions& functions);
void add_ips(Functions& functions);
void add_cidrs(Functions& functions);
void add_quantities(Functions& functions);
void add_formats(Functions& functions);
void add_semvers(Functions& functions);
void add_authorization(Functions& functions);
void add_json_patch(Functions& functions);

inline constexpr void (*kLibraries[])(Functions&) = {
    add_operators, add_conversions, add_text,    add_times,   add_optionals,     add_maps,
    add_strings,   add_lists,       add_sets,    add_regexes, add_urls,          add_ips,
    add_cidrs,     add_quantities,  add_formats, add_semvers, add_authorization, add_json_patch,
};

const TypeRef& url_type();
const TypeRef& ip_type();
const TypeRef& cidr_type();
const TypeRef& quantity_type();
const TypeRef& format_type();
const TypeRef& semver_type();
// The types that libraries bring and expressions may name.
std::vector<TypeRef> opaque_types();

}  // namespace cel::library
