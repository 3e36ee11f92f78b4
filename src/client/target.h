// Paths and queries of the API, escaped.
#pragma once

#include <string>
#include <string_view>

#include "client/client.h"
#include "schema/resource.h"

namespace client {

// "/api/v1/namespaces/default/pods/web-0/status". Without a name it is the collection's.
// `namespace_` is "" for cluster-wide kinds and for the collection of all namespaces.
std::string target_of(const schema::Resource& resource, std::string_view namespace_, std::string_view name = "",
                      std::string_view subresource = "");
// The same for a resource known at run time only.
std::string target_of(std::string_view group, std::string_view version, std::string_view plural,
                      std::string_view namespace_, std::string_view name = "", std::string_view subresource = "");
// The resource of a kind; a kind that is no resource stops the process, as it is a mistake of the caller's.
const schema::Resource& resource_of(const schema::Type& type);

// Adds "key=value" to a target, after '?' or '&'; an empty value adds nothing.
void add_query(std::string& target, std::string_view key, std::string_view value);
void add_list_options(std::string& target, const ListOptions& options);

}  // namespace client
