#include "device/selector.h"

#include "base/strings.h"
#include "cel/device_environment.h"
#include "cel/library/values.h"

namespace device {
namespace {

namespace resource = api::resource_k8s_io_v1;

cel::Value value_of(const resource::DeviceAttribute& attribute) {
  if (attribute.int_) return cel::Value::of_int(*attribute.int_);
  if (attribute.bool_) return cel::Value::of_bool(*attribute.bool_);
  if (attribute.string) return cel::Value::string_view(*attribute.string);
  if (attribute.version) return cel::library::semver_value(*attribute.version);
  return cel::Value::error("unsupported attribute value");
}

// Names without a domain are of the driver's. A domain that nobody speaks of is an empty map.
class ByDomain {
 public:
  explicit ByDomain(std::string_view driver) : driver_(driver) {}
  void add(std::string_view name, cel::Value value) {
    size_t slash = name.find('/');
    auto domain = slash == std::string_view::npos ? driver_ : name.substr(0, slash);
    auto id = slash == std::string_view::npos ? name : name.substr(slash + 1);
    domains_[domain].emplace_back(cel::Value::string_view(id), std::move(value));
  }
  cel::Value finish() && {
    std::vector<std::pair<cel::Value, cel::Value>> out;
    for (auto& [domain, entries] : domains_)
      out.emplace_back(cel::Value::string_view(domain), cel::Value::of_map(std::move(entries)));
    return cel::Value::of_map_or(std::move(out), cel::Value::of_map({}));
  }

 private:
  std::string_view driver_;
  std::map<std::string_view, std::vector<std::pair<cel::Value, cel::Value>>> domains_;
};

}  // namespace

cel::Value selector_value(const resource::Device& device, std::string_view driver) {
  ByDomain attributes(driver), capacity(driver);
  for (const auto& [name, attribute] : device.attributes) attributes.add(name, value_of(attribute));
  for (const auto& [name, one] : device.capacity) capacity.add(name, cel::library::quantity_value(one.value));
  return cel::Value::of_object(
      "kubernetes.DRADevice",
      {{"driver", cel::Value::string_view(driver)},
       {"attributes", std::move(attributes).finish()},
       {"capacity", std::move(capacity).finish()},
       {"allowMultipleAllocations", cel::Value::of_bool(device.allow_multiple_allocations.value_or(false))}});
}

base::Result<bool> Selectors::chooses(const std::string& expression, const cel::Value& device) {
  auto found = programs_.find(expression);
  if (found == programs_.end()) {
    if (programs_.size() >= kKeptMax) programs_.clear();
    found = programs_.emplace(expression, cel::device_environment().compile(expression)).first;
  }
  if (!found->second)
    return base::fail(base::Code::Invalid, base::cat({"CEL compile error: ", found->second.error().message()}));
  cel::Activation activation;
  activation.set("device", device);
  cel::Budget budget{.limit = cel::kPerCallLimit};
  cel::Value answer = (*found->second)->evaluate(activation, budget);
  if (answer.is_error()) return base::fail(base::Code::Invalid, answer.error_message());
  if (answer.kind() != cel::Kind::Bool)
    return base::fail(base::Code::Invalid,
                      base::cat({"CEL result of type ", answer.type_name(), " could not be converted to bool"}));
  return answer.as_bool();
}

}  // namespace device
