#include "client/status.h"

#include "base/strings.h"
#include "client/codec.h"

namespace client {

base::Error error_of(const Reply& reply) {
  auto answer = decode_reply(api::meta_v1::Status::kType, reply);
  if (answer) {
    auto status = std::move(answer->as<api::meta_v1::Status>());
    if (status.code == 0) status.code = reply.status;
    return schema::error_of(std::move(status));
  }
  std::string_view text = base::trim(reply.body.view().substr(0, 1024));
  return base::Error(schema::code_of_http(reply.status),
                     text.empty() ? "the server answered " + std::to_string(reply.status) : std::string(text));
}

io::Duration retry_after(const base::Error& error) {
  const api::meta_v1::Status* status = schema::carried_status(error);
  if (status == nullptr || !status->details) return io::Duration::zero();
  return std::chrono::seconds(status->details->retry_after_seconds);
}

bool is_namespace_terminating(const base::Error& error) {
  const api::meta_v1::Status* status = schema::carried_status(error);
  if (status == nullptr || !status->details) return false;
  for (const auto& cause : status->details->causes) {
    if (cause.reason == "NamespaceTerminating") return true;
  }
  return false;
}

}  // namespace client
