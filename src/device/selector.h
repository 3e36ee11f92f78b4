// Expressions that choose among devices: what they see of one, and their answer. Kubernetes documentation,
// "Dynamic Resource Allocation", "DeviceClass"; API documentation of CELDeviceSelector.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "api/resource_k8s_io_v1.h"
#include "base/result.h"
#include "cel/environment.h"
#include "cel/program.h"

namespace device {

// What an expression sees of a device; the device is borrowed.
cel::Value selector_value(const api::resource_k8s_io_v1::Device& device, std::string_view driver);

// Compiled expressions, kept while they are asked for. One loop.
class Selectors {
 public:
  // Whether the expression chooses the device. An Error when it cannot be compiled, fails, or gives no bool.
  base::Result<bool> chooses(const std::string& expression, const cel::Value& device);

 private:
  static constexpr size_t kKeptMax = 200;
  std::map<std::string, base::Result<cel::ProgramRef>, std::less<>> programs_;
};

}  // namespace device
