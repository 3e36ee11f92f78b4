#include "client/target.h"

#include <cstdio>
#include <cstdlib>

#include "base/strings.h"

namespace client {

std::string target_of(std::string_view group, std::string_view version, std::string_view plural,
                      std::string_view namespace_, std::string_view name, std::string_view subresource) {
  std::string target = group.empty() ? "/api/" : base::cat({"/apis/", group, "/"});
  target += version;
  if (!namespace_.empty()) target += base::cat({"/namespaces/", base::url_encode(namespace_)});
  target += base::cat({"/", plural});
  if (!name.empty()) target += base::cat({"/", base::url_encode(name)});
  if (!subresource.empty()) target += base::cat({"/", subresource});
  return target;
}

std::string target_of(const schema::Resource& resource, std::string_view namespace_, std::string_view name,
                      std::string_view subresource) {
  return target_of(resource.group, resource.version, resource.plural, resource.namespaced ? namespace_ : "", name,
                   subresource);
}

const schema::Resource& resource_of(const schema::Type& type) {
  const schema::Resource* resource = schema::resource_of_kind(type.group, type.version, type.name);
  if (resource == nullptr) {
    fprintf(stderr, "client: %s is not the kind of a resource\n", std::string(type.name).c_str());
    abort();
  }
  return *resource;
}

void add_query(std::string& target, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  target += target.find('?') == std::string::npos ? '?' : '&';
  target += base::cat({key, "=", base::url_encode(value)});
}

void add_list_options(std::string& target, const ListOptions& options) {
  add_query(target, "labelSelector", options.label_selector);
  add_query(target, "fieldSelector", options.field_selector);
  // A continue token says the revision itself.
  if (options.continue_token.empty()) add_query(target, "resourceVersion", options.resource_version);
  if (options.limit > 0) add_query(target, "limit", std::to_string(options.limit));
  add_query(target, "continue", options.continue_token);
}

}  // namespace client
