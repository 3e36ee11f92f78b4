#include "apiserver/proxy/pod_streams.h"

#include <vector>

#include "api/core_v1.h"
#include "apiserver/pipeline/errors.h"
#include "base/strings.h"
#include "base/time.h"
#include "schema/field_error.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

template <class Container>
std::vector<std::string> names_of(const std::vector<Container>& containers) {
  std::vector<std::string> names;
  for (const auto& container : containers) names.push_back(container.name);
  return names;
}

template <class Container>
bool has(const std::vector<Container>& containers, std::string_view name) {
  for (const auto& container : containers) {
    if (container.name == name) return true;
  }
  return false;
}

class Target {
 public:
  explicit Target(std::initializer_list<std::string_view> parts) {
    for (auto part : parts) text_ += base::cat({"/", base::url_encode(part)});
  }
  void add(std::string_view name, std::string_view value) {
    text_ += base::cat({first_ ? "?" : "&", name, "=", base::url_encode(value)});
    first_ = false;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  bool first_ = true;
};

// A number of the query, checked against the least that makes sense.
struct Number {
  std::string_view name;
  int64_t least;
  std::string_view complaint;
};
constexpr Number kLogNumbers[] = {{"sinceSeconds", 1, "must be greater than 0"},
                                  {"tailLines", 0, "must be greater than or equal to 0"},
                                  {"limitBytes", 1, "must be greater than 0"}};

}  // namespace

base::Result<std::string> choose_container(const core::Pod& pod, std::string_view asked) {
  const auto& spec = pod.spec;
  if (!asked.empty()) {
    if (has(spec.containers, asked) || has(spec.init_containers, asked) || has(spec.ephemeral_containers, asked))
      return std::string(asked);
    return base::fail(bad_request(base::cat({"container ", asked, " is not valid for pod ", pod.metadata.name})));
  }
  if (spec.containers.size() == 1) return spec.containers[0].name;
  std::string complaint = base::cat({"a container name must be specified for pod ", pod.metadata.name});
  if (!spec.containers.empty())
    complaint += base::cat({", choose one of: [", base::join(names_of(spec.containers), " "), "]"});
  if (!spec.containers.empty() && !spec.init_containers.empty()) {
    complaint += base::cat({" or one of the init containers: [", base::join(names_of(spec.init_containers), " "), "]"});
  }
  return base::fail(bad_request(std::move(complaint)));
}

base::Result<std::string> log_target(const core::Pod& pod, const Query& query) {
  schema::FieldErrors errors;
  for (const auto& number : kLogNumbers) {
    auto text = query.get(number.name);
    if (text.empty()) continue;
    auto value = base::parse_int(text);
    if (!value)
      return base::fail(bad_request(base::cat({"strconv.ParseInt: parsing ", base::quote(text), ": invalid syntax"})));
    if (*value < number.least) {
      errors.push_back(
          schema::FieldError::invalid(schema::FieldPath(number.name), schema::BadValue(*value), number.complaint));
    }
  }
  auto since_time = query.get("sinceTime");
  if (!since_time.empty() && !query.get("sinceSeconds").empty()) {
    errors.push_back(schema::FieldError::forbidden(schema::FieldPath("sinceSeconds"),
                                                   "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  }
  auto stream = query.get("stream");
  if (!stream.empty() && stream != "All" && stream != "Stdout" && stream != "Stderr") {
    errors.push_back(
        schema::FieldError::not_supported(schema::FieldPath("stream"), stream, {"All", "Stderr", "Stdout"}));
  }
  if (!errors.empty()) return base::fail(invalid("", "PodLogOptions", pod.metadata.name, errors));
  TRY(auto container, choose_container(pod, query.get("container")));
  Target target{"containerLogs", pod.metadata.namespace_, pod.metadata.name, container};
  for (auto flag : {"follow", "previous", "timestamps"}) {
    if (query.flag(flag)) target.add(flag, "true");
  }
  for (auto name : {"sinceSeconds", "sinceTime", "tailLines", "limitBytes"}) {
    if (auto value = query.get(name); !value.empty()) target.add(name, value);
  }
  if (!stream.empty() && stream != "All") target.add("stream", stream);
  return target.take();
}

base::Result<std::string> command_target(std::string_view verb, const core::Pod& pod, const Query& query) {
  TRY(auto container, choose_container(pod, query.get("container")));
  Target target{verb, pod.metadata.namespace_, pod.metadata.name, container};
  // Kubelets name the streams otherwise than the API does.
  constexpr std::pair<std::string_view, std::string_view> kStreams[] = {
      {"stdin", "input"}, {"stdout", "output"}, {"stderr", "error"}, {"tty", "tty"}};
  for (auto [ours, theirs] : kStreams) {
    if (query.flag(ours)) target.add(theirs, "1");
  }
  if (verb == "exec") {
    for (auto word : query.all("command")) target.add("command", word);
  }
  return target.take();
}

std::string port_forward_target(const core::Pod& pod, const Query& query) {
  Target target{"portForward", pod.metadata.namespace_, pod.metadata.name};
  for (auto port : query.all("ports")) target.add("port", port);
  return target.take();
}

}  // namespace apiserver
