#include "kubelet/pods/images.h"

#include <climits>
#include <cstdlib>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/time.h"
#include "kubelet/pods/credentials.h"

namespace kubelet {
namespace {

// A failure is shown as itself for a moment before it becomes the back-off.
constexpr int64_t kShowErrorNs = 5'000'000'000;

int64_t now_ns() {
  return io::Loop::current().clock().wall_ns();
}

std::string seconds_text(int64_t ns) {
  return base::format_duration(ns / 1'000'000 * 1'000'000);
}

// Why a pull failed. Runtimes begin their message with one of two words when they know more.
// Container Runtime Interface, "Error types".
WaitingReason failure_of(const std::string& image, const std::string& message) {
  auto known = [&](std::string_view word, std::string_view why) -> std::optional<WaitingReason> {
    if (!message.starts_with(word)) return std::nullopt;
    return WaitingReason{std::string(word), base::cat({"image pull failed for ", image, " because ", why,
                                                       std::string_view(message).substr(word.size())})};
  };
  if (auto it = known("RegistryUnavailable", "the registry is unavailable")) return *it;
  if (auto it = known("SignatureValidationFailed", "the signature validation failed")) return *it;
  return {"ErrImagePull", message};
}

// One after the other, each text once, as upstream puts several errors together.
std::string together(const std::vector<std::string>& messages) {
  std::vector<std::string> unique;
  for (const auto& one : messages) {
    if (std::ranges::find(unique, one) == unique.end()) unique.push_back(one);
  }
  return unique.size() == 1 ? unique.front() : base::cat({"[", base::join(unique, ", "), "]"});
}

// What docker's files on this node know, where the kubelet looks for them. Kubernetes documentation, "Images",
// "Configuring nodes to authenticate to a private registry". Blocking.
std::vector<RegistryCredential> node_credentials(const std::string& root_directory) {
  const char* home = getenv("HOME");
  const std::string home_directory = home == nullptr ? "" : home;
  std::vector<RegistryCredential> found;
  auto read = [&](const std::string& path, bool legacy) {
    auto text = base::read_file(path);
    if (text) found = read_docker_config(*text, legacy);
    return text.has_value();
  };
  for (const auto& directory : {root_directory, home_directory + "/.docker", std::string("/.docker")})
    if (read(directory + "/config.json", false)) return found;
  for (const auto& directory : {root_directory, home_directory, std::string()})
    if (read(directory + "/.dockercfg", true)) return found;
  return found;
}

std::string key_of(const core::Pod& pod, const std::string& what) {
  return pod.metadata.uid + "/" + what;
}

io::Task<std::string> ref_of(Runtime* runtime, std::string image) {
  auto status = co_await runtime->image_status(std::move(image));
  co_return status && *status ? (*status)->id : "";
}

Images::Answer failed(std::string reason, std::string message, int64_t again_ns) {
  return {.state = Images::Answer::State::Failed,
          .image = {},
          .reason = {std::move(reason), std::move(message)},
          .again_ns = again_ns};
}

}  // namespace

struct Images::Pull {
  core::Pod pod;
  std::string image;  // with its tag
  std::string as_written;
  std::string field_path;
  cri::PodSandboxConfig sandbox;
  Secrets secrets;
  std::function<void()> done;
  int64_t asked_ns = 0;

  bool ended = false;
  bool used = false;  // its success was handed out once
  std::optional<WaitingReason> error;
  int64_t failed_ns = 0;
  io::Scope scope;
};

Images::Images(Runtime& runtime, Api& api, io::Pool& pool, const ImageOptions& options, KubeletMetrics* metrics)
    : runtime_(runtime),
      api_(api),
      pool_(pool),
      options_(options),
      metrics_(metrics),
      records_(options, pool),
      free_(options.pulls_max > 0 ? options.pulls_max : INT_MAX) {
  if (options.providers != nullptr)
    providers_ = std::make_unique<CredentialProviders>(*options.providers, options.provider_directory, api);
}
Images::~Images() = default;

io::Task<void> Images::load() {
  std::vector<std::string> present;
  for (auto pause = std::chrono::seconds(1);;) {
    auto images = co_await runtime_.list_images();
    if (images) {
      for (const auto& image : *images) present.push_back(image.id);
      break;
    }
    co_await io::sleep(pause);
  }
  auto of = [this](std::string image) { return ref_of(&runtime_, std::move(image)); };
  if (auto loaded = co_await records_.load(of, std::move(present)); !loaded)
    LOG_ERROR("Cannot read who may use which image", {"err", loaded.error().message()});
  loaded_.set();
}

io::Task<Images::Answer> Images::ensure(core::Pod pod, core::Container container, std::string field_path,
                                        cri::PodSandboxConfig sandbox, Secrets secrets, std::function<void()> done) {
  auto name = with_default_tag(container.image);
  if (!name) {
    std::string message =
        "Failed to apply default image tag " + base::quote(container.image) + ": " + name.error().message();
    api_.event(pod, true, "InspectFailed", message, field_path);
    api_.event(pod, true, "Failed", "Error: InvalidImageName", field_path);
    co_return failed("InvalidImageName", message, now_ns() + BackOff::kMaxNs);
  }
  if (!std::exchange(loading_, true)) scope_.spawn(load());
  co_await loaded_.wait();
  std::string key = key_of(pod, container.name);
  auto found = pulls_.find(key);
  std::shared_ptr<Pull> before = found == pulls_.end() ? nullptr : found->second;
  if (before != nullptr && before->image != *name) before = nullptr;
  if (before != nullptr && !before->ended) {
    before->done = std::move(done);
    co_return Answer();
  }
  auto present = co_await runtime_.image_status(*name);
  if (!present) {
    co_return failed("ImageInspectError",
                     "Failed to inspect image " + base::quote(container.image) + ": " + present.error().message(),
                     now_ns() + BackOff::kInitialNs);
  }
  bool fresh_pull = before != nullptr && !before->error && !before->used;
  bool usable = *present && fresh_pull;
  if (*present && !usable && container.image_pull_policy != "Always")
    usable = co_await may_use(pod, *name, (*present)->id, secrets);
  if (usable) {
    if (!fresh_pull)
      api_.event(pod, false, "Pulled",
                 "Container image " + base::quote(container.image) +
                     " already present on machine and can be accessed by the pod",
                 field_path);
    pulls_.erase(key);
    co_return Answer{.state = Answer::State::Present, .image = std::move(**present), .reason = {}, .again_ns = {}};
  }
  if (container.image_pull_policy == "Never") {
    std::string message =
        "Container image " + base::quote(container.image) + " is not present with pull policy of Never";
    api_.event(pod, true, "ErrImageNeverPull", message, field_path);
    api_.event(pod, true, "Failed", "Error: ErrImageNeverPull", field_path);
    co_return failed("ErrImageNeverPull", message, now_ns() + BackOff::kInitialNs);
  }
  if (before != nullptr && before->error) {
    if (auto answer = failed_before(pod, container, field_path, *before)) co_return *answer;
  }
  auto work = std::make_shared<Pull>();
  work->pod = std::move(pod);
  work->image = *name;
  work->as_written = container.image;
  work->field_path = std::move(field_path);
  work->sandbox = std::move(sandbox);
  work->secrets = std::move(secrets);
  work->done = std::move(done);
  work->asked_ns = now_ns();
  pulls_[key] = work;
  work->scope.spawn(pull(work));
  co_return Answer();
}

std::optional<Images::Answer> Images::failed_before(const core::Pod& pod, const core::Container& container,
                                                    const std::string& field_path, Pull& before) {
  auto until = back_off_.until(key_of(pod, before.image), before.failed_ns, now_ns());
  if (!until) return std::nullopt;
  int64_t shown = before.failed_ns + kShowErrorNs;
  if (now_ns() < shown) return failed(before.error->reason, before.error->message, std::min(*until, shown));
  std::string what = "Back-off pulling image " + base::quote(container.image);
  if (!before.used) {
    before.used = true;
    api_.event(pod, false, "BackOff", what, field_path);
    api_.event(pod, true, "Failed", "Error: ImagePullBackOff", field_path);
  }
  return failed("ImagePullBackOff", base::cat({what, ": ", before.error->reason, ": ", before.error->message}), *until);
}

io::Task<bool> Images::may_use(core::Pod pod, std::string image, std::string ref, Secrets secrets) {
  if (!records_.asks_for_credential(image, ref)) co_return true;
  auto shown = co_await credentials(std::move(pod), image, std::move(secrets));
  co_return co_await records_.is_known(std::move(image), std::move(ref), std::move(shown));
}

io::Task<std::vector<RegistryCredential>> Images::credentials(core::Pod pod, std::string image, Secrets secrets) {
  std::vector<RegistryCredential> own;
  for (auto& secret : secrets)
    if (secret != nullptr)
      for (auto& one : read_pull_secret(*secret)) own.push_back(std::move(one));
  auto found = credentials_for(own, image);
  auto add = [&found](std::vector<RegistryCredential> more) {
    for (auto& one : more) found.push_back(std::move(one));
  };
  auto of_node = co_await pool_.run([root = options_.root_directory] { return node_credentials(root); });
  add(credentials_for(of_node, image));
  auto repository = image_repository(image);
  if (providers_ != nullptr && repository) add(co_await providers_->credentials_for(std::move(pod), *repository));
  co_return found;
}

io::Task<base::Result<std::optional<RegistryCredential>>> Images::try_all(const Pull& work,
                                                                          std::vector<RegistryCredential> known) {
  std::vector<std::string> messages;
  size_t attempts = std::max<size_t>(known.size(), 1);
  for (size_t i = 0; i < attempts; ++i) {
    std::optional<cri::AuthConfig> auth;
    if (i < known.size()) auth = known[i].auth();
    auto pulled = co_await runtime_.pull_image(work.image, auth, work.sandbox);
    if (pulled) co_return i < known.size() ? std::optional(std::move(known[i])) : std::nullopt;
    messages.push_back(pulled.error().message());
  }
  co_return base::fail(base::Code::Unavailable, together(messages));
}

io::Task<void> Images::wait_for_turn() {
  if (options_.pulls_per_second <= 0) co_return;
  int64_t interval = 1'000'000'000 / options_.pulls_per_second;
  int64_t ahead = interval * std::max(options_.pull_burst - 1, 0);
  int64_t now = io::Loop::current().clock().monotonic_ns();
  int64_t mine = std::max(next_pull_ns_, now - ahead);
  next_pull_ns_ = mine + interval;
  if (mine > now) co_await io::sleep(io::Duration(mine - now));
}

io::Task<void> Images::pull(std::shared_ptr<Pull> work) {
  Pull& it = *work;
  // The scope inside owns this task: holding on to its owner would keep both for ever.
  work.reset();
  while (free_ <= 0) {
    freed_.reset();
    co_await freed_.wait();
  }
  --free_;
  struct Place {
    Images& images;
    ~Place() {
      ++images.free_;
      images.freed_.set();
    }
  };
  auto place = std::make_unique<Place>(*this);
  co_await wait_for_turn();
  auto known = co_await credentials(it.pod, it.image, it.secrets);
  api_.event(it.pod, false, "Pulling", "Pulling image " + base::quote(it.as_written), it.field_path);
  int64_t began = now_ns();
  base::Result<std::optional<RegistryCredential>> opened = std::nullopt;
  auto intended = co_await records_.intend(it.image);
  if (intended) {
    opened = co_await try_all(it, std::move(known));
  } else {
    opened =
        base::fail(intended.error().code(), base::cat({"Failed to record image pull intent for container image ",
                                                       base::quote(it.as_written), ": ", intended.error().message()}));
  }
  place.reset();
  if (opened) {
    auto image = co_await runtime_.image_status(it.image);
    bool there = image && *image;
    if (metrics_ != nullptr)
      metrics_->image_pull.with({image_size_bucket(there ? (*image)->size : 0)})
          .observe(static_cast<double>(now_ns() - began) / 1e9);
    if (there) {
      co_await records_.pulled(it.image, (*image)->id, *opened ? &**opened : nullptr);
    } else {
      co_await records_.failed(it.image);
    }
    api_.event(it.pod, false, "Pulled",
               "Successfully pulled image " + base::quote(it.as_written) + " in " + seconds_text(now_ns() - began) +
                   " (" + seconds_text(now_ns() - it.asked_ns) +
                   " including waiting). Image size: " + std::to_string(there ? (*image)->size : 0) + " bytes.",
               it.field_path);
  } else {
    if (intended) co_await records_.failed(it.image);
    it.error = failure_of(it.image, opened.error().message());
    it.failed_ns = now_ns();
    back_off_.next(key_of(it.pod, it.image), it.failed_ns, it.failed_ns);
    api_.event(it.pod, true, "Failed", "Failed to pull image " + base::quote(it.as_written) + ": " + it.error->message,
               it.field_path);
    api_.event(it.pod, true, "Failed", "Error: " + it.error->reason, it.field_path);
  }
  it.ended = true;
  auto done = std::move(it.done);
  if (done) done();
}

void Images::forget(const std::string& pod_uid) {
  for (auto it = pulls_.lower_bound(pod_uid); it != pulls_.end() && it->first.starts_with(pod_uid + "/");) {
    back_off_.forget(pod_uid + "/" + it->second->image);
    it = pulls_.erase(it);
  }
}

}  // namespace kubelet
