// Who has shown that he may use an image that is on this node: files below DIRECTORY/pulling (what is on its way) and
// DIRECTORY/pulled, in upstream's form. Kubernetes documentation, "Ensure that images are verified".
//
// One loop. What is written survives a crash at any moment: an image that was on its way then counts as pulled by
// nobody in particular.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "api/kubelet_config_k8s_io_v1beta1.h"
#include "base/clock.h"
#include "base/result.h"
#include "io/pool.h"
#include "io/task.h"
#include "kubelet/pods/credentials.h"
#include "kubelet/pods/image_options.h"

namespace kubelet {

using ImageRefOf = std::function<io::Task<std::string>(std::string image)>;  // "" for one that is not there

class PullRecords {
 public:
  // The pool is borrowed.
  PullRecords(const ImageOptions& options, io::Pool& pool);

  // Reads what there is, once; `ref_of` tells what became of pulls that were cut short. Records of images that are not
  // in `present` (by ref) are dropped.
  io::Task<base::Result<void>> load(ImageRefOf ref_of, std::vector<std::string> present);

  // `image` as the pod names it, `ref` the runtime's id of it.
  // Whether a pod has to show a credential before it may use that image.
  bool asks_for_credential(const std::string& image, const std::string& ref) const;
  // Whether one of these is known to have opened it. What was learned is written down.
  io::Task<bool> is_known(std::string image, std::string ref, std::vector<RegistryCredential> shown);

  // Before a pull, and after it. An Error of intend(): do not pull.
  io::Task<base::Result<void>> intend(std::string image);
  io::Task<void> failed(std::string image);
  // `used`: null when no credential was needed.
  io::Task<void> pulled(std::string image, std::string ref, const RegistryCredential* used);

 private:
  using Record = api::kubelet_config_k8s_io_v1beta1::ImagePulledRecord;
  using Credentials = api::kubelet_config_k8s_io_v1beta1::ImagePullCredentials;
  io::Task<base::Result<void>> write(Record record);
  io::Task<void> end_intent(std::string image);
  bool is_allowlisted(const std::string& image) const;

  const ImageVerification verification_;
  const std::vector<std::string> allowlist_;
  const std::string pulling_, pulled_;
  io::Pool& pool_;
  bool loaded_ = false;
  std::map<std::string, int> intents_;     // by image; how many pulls of it run
  std::map<std::string, Record> records_;  // by ref
};

}  // namespace kubelet
