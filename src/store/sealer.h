// How values are kept where they outlive the process: as they are, or sealed (encrypted). The one seam between what
// readers see and what a disk or etcd holds; memory has the plain values and their attributes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "io/task.h"

namespace store {

// What the kept form of an entry was made with. Shared by all entries of which that is true.
struct Seal {
  std::string with;    // the sealer's name for the key
  bool opened = true;  // false: the entry's value is the kept form, which has yet to be opened
};
using SealRef = std::shared_ptr<const Seal>;  // null: kept as it is

// Safe from any thread and on any loop. The key is authenticated together with the value where the form allows.
class Sealer {
 public:
  struct Form {
    base::Bytes value;
    SealRef seal;
  };

  virtual ~Sealer() = default;
  // Whether `kept` is the value itself.
  virtual bool is_plain(std::string_view key, std::string_view kept) const = 0;
  // The form to keep. An error leaves the value unwritten.
  virtual base::Result<Form> seal(std::string_view key, const base::Bytes& value) const = 0;
  // The value of a kept form. Internal when no key there is opens it; may ask a service.
  virtual io::Task<base::Result<Form>> open(std::string key, base::Bytes kept) const = 0;
  // Whether what is kept under this seal would be kept the same way now.
  virtual bool is_current(std::string_view key, const SealRef& seal) const = 0;
};

// Keeps all as it is. What others have sealed is recognized, and not opened.
std::shared_ptr<const Sealer> no_sealer();

// How sealed values begin, whatever they were sealed with.
inline constexpr std::string_view kSealedPrefix = "k8s:enc:";

}  // namespace store
