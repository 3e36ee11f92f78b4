#include "apiserver/admission/plugin.h"

namespace apiserver {

io::Task<base::Result<void>> AdmissionPlugin::admit(Attempt&) const {
  co_return {};
}
io::Task<base::Result<void>> AdmissionPlugin::validate(const Attempt&) const {
  co_return {};
}

io::Task<base::Result<void>> AdmissionChain::admit(Attempt& attempt) const {
  for (;;) {
    for (const auto& plugin : plugins_) {
      if (!plugin->handles(attempt)) continue;
      CO_TRY(co_await plugin->admit(attempt));
    }
    if (!attempt.reinvocation.wanted || attempt.reinvocation.second_pass) co_return {};
    attempt.reinvocation.second_pass = true;
  }
}

io::Task<base::Result<void>> AdmissionChain::validate(const Attempt& attempt) const {
  for (const auto& plugin : plugins_) {
    if (!plugin->handles(attempt)) continue;
    CO_TRY(co_await plugin->validate(attempt));
  }
  co_return {};
}

}  // namespace apiserver
