#include "cel/device_environment.h"

namespace cel {
namespace {

Environment make_environment() {
  auto text = declare(string_type());
  auto by_domain = [&](TypeRef value) { return declare_map(text, declare_map(text, declare(std::move(value)))); };
  Environment environment;
  environment.add_variable(
      "device", declare_object("kubernetes.DRADevice", {{"driver", text},
                                                        {"attributes", by_domain(dyn_type())},
                                                        {"capacity", by_domain(opaque_type("kubernetes.Quantity"))},
                                                        {"allowMultipleAllocations", declare(bool_type())}}));
  return environment;
}

}  // namespace

const Environment& device_environment() {
  static const auto* const environment = new Environment(make_environment());
  return *environment;
}

}  // namespace cel
