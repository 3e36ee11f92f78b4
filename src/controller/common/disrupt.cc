#include "controller/common/disrupt.h"

namespace controller {

using api::core_v1::Pod;
using base::Code;

io::Task<base::Result<void>> disrupt(client::Client client, Pod pod, std::string reason, std::string message,
                                     base::Time now) {
  client::DeleteOptions options;
  options.uid = pod.metadata.uid;
  std::string namespace_ = pod.metadata.namespace_, name = pod.metadata.name;
  auto& conditions = pod.status.conditions;
  std::erase_if(conditions, [](const auto& one) { return one.type == "DisruptionTarget"; });
  auto& target = conditions.emplace_back();
  target.type = "DisruptionTarget";
  target.status = "True";
  target.reason = std::move(reason);
  target.message = std::move(message);
  target.last_transition_time = now;
  auto updated = co_await client.update_status(std::move(pod));
  if (!updated && updated.error().code() == Code::NotFound) co_return {};
  if (!updated) co_return base::fail(updated.error());
  auto removed = co_await client.remove<Pod>(namespace_, name, std::move(options));
  if (!removed && removed.error().code() != Code::NotFound) co_return removed;
  co_return {};
}

}  // namespace controller
