#include "apiserver/proxy/connect_options.h"

#include "api/core_v1.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

template <class Options>
schema::Object command_options(const Call& call) {
  Options options;
  options.stdin = call.query.flag("stdin");
  options.stdout = call.query.flag("stdout");
  options.stderr = call.query.flag("stderr");
  options.tty = call.query.flag("tty");
  options.container = call.query.get("container");
  if constexpr (requires { options.command; }) {
    for (auto word : call.query.all("command")) options.command.emplace_back(word);
  }
  return schema::Object(std::move(options));
}

template <class Options>
schema::Object proxy_options(const Call& call) {
  Options options;
  for (const auto& piece : call.info.tail) options.path += base::cat({"/", piece});
  return schema::Object(std::move(options));
}

}  // namespace

schema::Object connect_options(const Call& call) {
  const auto& info = call.info;
  if (info.subresource == "exec") return command_options<core::PodExecOptions>(call);
  if (info.subresource == "attach") return command_options<core::PodAttachOptions>(call);
  if (info.subresource == "portforward") {
    core::PodPortForwardOptions options;
    for (auto text : call.query.all("ports")) {
      if (auto port = base::parse_int(text)) options.ports.push_back(static_cast<int32_t>(*port));
    }
    return schema::Object(std::move(options));
  }
  if (info.subresource != "proxy") return {};
  if (info.resource == "pods") return proxy_options<core::PodProxyOptions>(call);
  if (info.resource == "services") return proxy_options<core::ServiceProxyOptions>(call);
  return proxy_options<core::NodeProxyOptions>(call);
}

}  // namespace apiserver
