#include "apiserver/admission/plugin.h"

namespace apiserver {

std::vector<std::unique_ptr<AdmissionPlugin>> default_admission() {
  std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
  return plugins;
}

}  // namespace apiserver
