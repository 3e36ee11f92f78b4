#include "kubelet/pods/images.h"

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

}  // namespace

struct Images::Pull {
  core::Pod pod;
  std::string image;  // with its tag
  std::string as_written;
  std::string field_path;
  cri::PodSandboxConfig sandbox;
  std::vector<std::shared_ptr<const core::Secret>> secrets;
  std::function<void()> done;
  int64_t asked_ns = 0;

  bool ended = false;
  bool used = false;  // its success was handed out once
  std::optional<base::Error> error;
  int64_t failed_ns = 0;
  io::Scope scope;
};

Images::Images(Runtime& runtime, Api& api, int pulls_max) : runtime_(runtime), api_(api), free_(pulls_max) {}
Images::~Images() = default;

io::Task<Images::Answer> Images::ensure(core::Pod pod, core::Container container, std::string field_path,
                                        cri::PodSandboxConfig sandbox,
                                        std::vector<std::shared_ptr<const core::Secret>> secrets,
                                        std::function<void()> done) {
  Answer answer;
  auto fail = [&](std::string reason, std::string message) {
    answer.state = Answer::State::Failed;
    answer.reason = {std::move(reason), std::move(message)};
  };
  auto name = with_default_tag(container.image);
  if (!name) {
    std::string message =
        "Failed to apply default image tag " + base::quote(container.image) + ": " + name.error().message();
    api_.event(pod, true, "InspectFailed", message, field_path);
    api_.event(pod, true, "Failed", "Error: InvalidImageName", field_path);
    fail("InvalidImageName", message);
    answer.again_ns = now_ns() + BackOff::kMaxNs;
    co_return answer;
  }
  std::string key = pod.metadata.uid + "/" + container.name;
  std::string pull_key = pod.metadata.uid + "/" + *name;
  auto found = pulls_.find(key);
  std::shared_ptr<Pull> before = found == pulls_.end() ? nullptr : found->second;
  if (before != nullptr && before->image != *name) before = nullptr;
  if (before != nullptr && !before->ended) {
    before->done = std::move(done);
    co_return answer;
  }
  auto present = co_await runtime_.image_status(*name);
  if (!present) {
    fail("ImageInspectError",
         "Failed to inspect image " + base::quote(container.image) + ": " + present.error().message());
    answer.again_ns = now_ns() + BackOff::kInitialNs;
    co_return answer;
  }
  bool fresh_pull = before != nullptr && !before->error && !before->used;
  if (*present && (container.image_pull_policy != "Always" || fresh_pull)) {
    answer.state = Answer::State::Present;
    answer.image = **present;
    if (!fresh_pull)
      api_.event(pod, false, "Pulled",
                 "Container image " + base::quote(container.image) +
                     " already present on machine and can be accessed by the pod",
                 field_path);
    pulls_.erase(key);
    co_return answer;
  }
  if (container.image_pull_policy == "Never") {
    std::string message =
        "Container image " + base::quote(container.image) + " is not present with pull policy of Never";
    api_.event(pod, true, "ErrImageNeverPull", message, field_path);
    api_.event(pod, true, "Failed", "Error: ErrImageNeverPull", field_path);
    fail("ErrImageNeverPull", message);
    answer.again_ns = now_ns() + BackOff::kInitialNs;
    co_return answer;
  }
  if (before != nullptr && before->error) {
    if (auto until = back_off_.until(pull_key, before->failed_ns, now_ns())) {
      int64_t shown = before->failed_ns + kShowErrorNs;
      if (now_ns() < shown) {
        fail("ErrImagePull", before->error->message());
        answer.again_ns = std::min(*until, shown);
      } else {
        if (!before->used) {
          before->used = true;
          api_.event(pod, false, "BackOff", "Back-off pulling image " + base::quote(container.image), field_path);
          api_.event(pod, true, "Failed", "Error: ImagePullBackOff", field_path);
        }
        fail("ImagePullBackOff",
             "Back-off pulling image " + base::quote(container.image) + ": ErrImagePull: " + before->error->message());
        answer.again_ns = *until;
      }
      co_return answer;
    }
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
  co_return answer;
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
  std::vector<RegistryCredential> known;
  for (auto& secret : it.secrets)
    if (secret != nullptr)
      for (auto& one : read_pull_secret(*secret)) known.push_back(std::move(one));
  std::vector<std::optional<cri::AuthConfig>> attempts;
  for (auto& auth : credentials_for(known, it.image)) attempts.emplace_back(std::move(auth));
  if (attempts.empty()) attempts.emplace_back();
  api_.event(it.pod, false, "Pulling", "Pulling image " + base::quote(it.as_written), it.field_path);
  int64_t began = now_ns();
  std::optional<base::Error> error;
  {
    Place place{*this};
    for (auto& auth : attempts) {
      error.reset();
      auto pulled = co_await runtime_.pull_image(it.image, auth, it.sandbox);
      if (pulled) break;
      error = pulled.error();
    }
  }
  it.ended = true;
  it.error = error;
  if (error) {
    std::string pull_key = it.pod.metadata.uid + "/" + it.image;
    it.failed_ns = now_ns();
    back_off_.next(pull_key, it.failed_ns, it.failed_ns);
    api_.event(it.pod, true, "Failed", "Failed to pull image " + base::quote(it.as_written) + ": " + error->message(),
               it.field_path);
    api_.event(it.pod, true, "Failed", "Error: ErrImagePull", it.field_path);
  } else {
    auto image = co_await runtime_.image_status(it.image);
    uint64_t size = image && *image ? (*image)->size : 0;
    api_.event(it.pod, false, "Pulled",
               "Successfully pulled image " + base::quote(it.as_written) + " in " + seconds_text(now_ns() - began) +
                   " (" + seconds_text(now_ns() - it.asked_ns) +
                   " including waiting). Image size: " + std::to_string(size) + " bytes.",
               it.field_path);
  }
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
