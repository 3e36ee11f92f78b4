#include "apiserver/authz/configured_authorizer.h"

#include "apiserver/pipeline/digest.h"
#include "apiserver/pipeline/watched_files.h"
#include "base/file.h"
#include "base/log.h"

namespace apiserver {

base::Result<std::unique_ptr<ConfiguredAuthorizer>> ConfiguredAuthorizer::create(
    const AuthorizationConfiguration& configuration, KnownAuthorizers known) {
  TRY(auto authorizer, make_authorizer(configuration, known));
  std::unique_ptr<ConfiguredAuthorizer> made(new ConfiguredAuthorizer(std::move(known)));
  base::Lock lock(made->mutex_);
  made->current_ = std::move(authorizer);
  return made;
}

base::Result<std::unique_ptr<ConfiguredAuthorizer>> ConfiguredAuthorizer::create_from_file(std::string path,
                                                                                           KnownAuthorizers known,
                                                                                           std::string_view server_id) {
  TRY(auto yaml, base::read_file(path));
  std::unique_ptr<ConfiguredAuthorizer> made(new ConfiguredAuthorizer(std::move(known)));
  made->path_ = std::move(path);
  made->server_hash_ = sha256_label(server_id);
  if (auto taken = made->take(yaml); !taken) return base::fail(taken.error().with_context(made->path_));
  return made;
}

std::shared_ptr<const Authorizer> ConfiguredAuthorizer::current() const {
  base::Lock lock(mutex_);
  return current_;
}

std::optional<Authorization> ConfiguredAuthorizer::decide(const AuthorizationAttributes& attributes) const {
  return current()->decide(attributes);
}

io::Task<Authorization> ConfiguredAuthorizer::authorize(AuthorizationAttributes attributes) const {
  auto current = this->current();
  co_return co_await current->authorize(std::move(attributes));
}

base::Result<void> ConfiguredAuthorizer::take(const std::string& yaml) {
  TRY(auto configuration, read_authorization_configuration(yaml));
  TRY(auto authorizer, make_authorizer(configuration, known_));
  text_ = yaml;
  auto& info = known_.metrics.configuration;
  if (!hash_.empty()) info.with({server_hash_, hash_}).set(0);
  hash_ = sha256_label(yaml);
  info.with({server_hash_, hash_}).set(1);
  base::Lock lock(mutex_);
  current_ = std::move(authorizer);
  return {};
}

void ConfiguredAuthorizer::reload(base::Result<std::string> yaml) {
  base::Result<void> taken = yaml ? take(*yaml) : base::Result<void>(base::fail(yaml.error()));
  std::string_view status = taken ? "success" : "failure";
  known_.metrics.reloads.with({server_hash_, status}).add();
  known_.metrics.reload_seconds.with({server_hash_, status}).set(static_cast<double>(known_.clock.wall_ns()) / 1e9);
  if (taken) {
    LOG_INFO("reloaded authz config", {"path", path_});
  } else {
    LOG_ERROR("failed to reload authz config", {"path", path_}, {"err", taken.error().message()});
  }
}

io::Task<void> ConfiguredAuthorizer::run() {
  if (path_.empty()) co_return;
  co_await follow_files({path_}, {text_}, [this](base::Result<FileTexts> texts) {
    reload(texts ? base::Result<std::string>(std::move(texts->front())) : base::fail(texts.error()));
  });
}

}  // namespace apiserver
