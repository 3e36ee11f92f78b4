// Limit ranges give containers what they leave open and refuse what is out of bounds. Kubernetes documentation, "Limit
// Ranges".

#include "api/core_v1.h"
#include "apiserver/admission/list.h"
#include "base/strings.h"
#include "quota/pod_amounts.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using quota::Amounts;

struct Given {
  std::vector<std::string> notes;  // for the annotation
};

void fill(core::Container& container, const Amounts& requests, const Amounts& limits, std::string_view kind,
          Given& given) {
  auto give = [&](Amounts& to, const Amounts& from, std::string_view what) {
    std::vector<std::string> names;
    for (const auto& [name, amount] : from) {
      if (to.emplace(name, amount).second) names.push_back(name);
    }
    if (!names.empty()) {
      given.notes.push_back(base::cat({base::join(names, ", "), " ", what, " for ", kind, " ", container.name}));
    }
  };
  give(container.resources.requests, requests, "request");
  give(container.resources.limits, limits, "limit");
}

std::string check_min(std::string_view type, const std::string& name, const base::Quantity& min,
                      const Amounts& requests, const Amounts& limits) {
  auto request = requests.find(name);
  auto limit = limits.find(name);
  if (request == requests.end()) {
    return base::cat({"minimum ", name, " usage per ", type, " is ", min.to_string(), ".  No request is specified"});
  }
  if (request->second < min) {
    return base::cat({"minimum ", name, " usage per ", type, " is ", min.to_string(), ", but request is ",
                      request->second.to_string()});
  }
  if (limit != limits.end() && limit->second < min) {
    return base::cat(
        {"minimum ", name, " usage per ", type, " is ", min.to_string(), ", but limit is ", limit->second.to_string()});
  }
  return "";
}

std::string check_max(std::string_view type, const std::string& name, const base::Quantity& max,
                      const Amounts& requests, const Amounts& limits) {
  auto request = requests.find(name);
  auto limit = limits.find(name);
  if (limit == limits.end()) {
    return base::cat({"maximum ", name, " usage per ", type, " is ", max.to_string(), ".  No limit is specified"});
  }
  if (limit->second > max) {
    return base::cat(
        {"maximum ", name, " usage per ", type, " is ", max.to_string(), ", but limit is ", limit->second.to_string()});
  }
  if (request != requests.end() && request->second > max) {
    return base::cat({"maximum ", name, " usage per ", type, " is ", max.to_string(), ", but request is ",
                      request->second.to_string()});
  }
  return "";
}

void check_bounds(std::vector<std::string>& errors, const core::LimitRangeItem& item, std::string_view type,
                  const Amounts& requests, const Amounts& limits) {
  auto keep = [&](std::string error) {
    if (!error.empty()) errors.push_back(std::move(error));
  };
  for (const auto& [name, amount] : item.min) keep(check_min(type, name, amount, requests, limits));
  for (const auto& [name, amount] : item.max) keep(check_max(type, name, amount, requests, limits));
  for (const auto& [name, ratio] : item.max_limit_request_ratio) {
    auto request = requests.find(name);
    auto limit = limits.find(name);
    bool no_request = request == requests.end() || request->second.is_zero();
    if (no_request || limit == limits.end() || limit->second.is_zero()) {
      std::string_view what = no_request ? "request" : "limit";
      keep(base::cat({name, " max limit to request ratio per ", type, " is ", ratio.to_string(), ", but no ", what,
                      " is specified or ", what, " is 0"}));
      continue;
    }
    double actual = limit->second.to_double() / request->second.to_double();
    if (actual <= ratio.to_double()) continue;
    char text[32];
    snprintf(text, sizeof text, "%f", actual);
    keep(base::cat(
        {name, " max limit to request ratio per ", type, " is ", ratio.to_string(), ", but provided ratio is ", text}));
  }
}

class LimitRanger final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "LimitRanger"; }

  bool handles(const Attempt& attempt) const override {
    bool update = attempt.operation == Operation::Update;
    if (attempt.operation != Operation::Create && !update) return false;
    // What pods ask for changes by resizing alone.
    if (attempt.is("pods")) return update ? attempt.subresource == "resize" : attempt.subresource.empty();
    return attempt.is("persistentvolumeclaims") && attempt.subresource.empty();
  }

  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    if (!attempt.is("pods") || attempt.operation != Operation::Create) co_return {};
    CO_TRY(auto ranges, co_await attempt.reader.look_at_all<core::LimitRange>(std::string(attempt.namespace_)));
    auto& pod = attempt.object->as<core::Pod>();
    for (const auto& range : ranges) {
      for (const auto& item : range->spec.limits) {
        if (item.type != "Container") continue;
        Given given;
        for (auto& container : pod.spec.containers)
          fill(container, item.default_request, item.default_, "container", given);
        for (auto& container : pod.spec.init_containers)
          fill(container, item.default_request, item.default_, "init container", given);
        if (given.notes.empty()) continue;
        pod.metadata.annotations["kubernetes.io/limit-ranger"] =
            base::cat({"LimitRanger plugin set: ", base::join(given.notes, "; ")});
      }
    }
    co_return {};
  }

  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    CO_TRY(auto ranges, co_await attempt.reader.look_at_all<core::LimitRange>(std::string(attempt.namespace_)));
    std::vector<std::string> errors;
    for (const auto& range : ranges) {
      for (const auto& item : range->spec.limits) look(errors, item, attempt);
    }
    if (errors.empty()) co_return {};
    co_return attempt.refuse(errors.size() == 1 ? errors[0] : base::cat({"[", base::join(errors, ", "), "]"}));
  }

 private:
  static void look(std::vector<std::string>& errors, const core::LimitRangeItem& item, const Attempt& attempt) {
    if (const auto* claim = attempt.object->get_if<core::PersistentVolumeClaim>()) {
      if (item.type != "PersistentVolumeClaim") return;
      // A claim has requests only, so both bounds are held against them.
      const auto& requests = claim->spec.resources.requests;
      for (const auto& [name, min] : item.min) {
        auto request = requests.find(name);
        if (request != requests.end() && request->second < min) {
          errors.push_back(base::cat({"minimum ", name, " usage per PersistentVolumeClaim is ", min.to_string(),
                                      ", but request is ", request->second.to_string()}));
        }
      }
      for (const auto& [name, max] : item.max) {
        auto request = requests.find(name);
        if (request != requests.end() && request->second > max) {
          errors.push_back(base::cat({"maximum ", name, " usage per PersistentVolumeClaim is ", max.to_string(),
                                      ", but request is ", request->second.to_string()}));
        }
      }
      return;
    }
    const auto* pod = attempt.object->get_if<core::Pod>();
    if (pod == nullptr) return;
    if (item.type == "Container") {
      for (const auto& container : pod->spec.containers) {
        check_bounds(errors, item, "Container", container.resources.requests, container.resources.limits);
      }
      for (const auto& container : pod->spec.init_containers) {
        check_bounds(errors, item, "Container", container.resources.requests, container.resources.limits);
      }
    } else if (item.type == "Pod") {
      check_bounds(errors, item, "Pod", quota::pod_requests(pod->spec), quota::pod_limits(pod->spec));
    }
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_limit_ranger() {
  return std::make_unique<LimitRanger>();
}

}  // namespace apiserver
