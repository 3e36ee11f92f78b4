// The keys of service account tokens: the first signs, any of them may have signed. Replaced as a whole while tokens
// are made and judged. Safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/task.h"
#include "pki/key.h"

namespace apiserver {

class KeyRing {
 public:
  using Keys = std::shared_ptr<const std::vector<pki::Key>>;
  // At least one.
  explicit KeyRing(std::vector<pki::Key> keys)
      : keys_(std::make_shared<const std::vector<pki::Key>>(std::move(keys))) {}

  Keys keys() const {
    base::Lock lock(mutex_);
    return keys_;
  }
  void replace(std::vector<pki::Key> keys);

 private:
  mutable base::Mutex mutex_;
  Keys keys_ GUARDED_BY(mutex_);
};

// The keys in PEM texts, each once; the first must be a private one. BadRequest otherwise.
base::Result<std::vector<pki::Key>> read_token_keys(const std::vector<std::string>& pems);

// Takes the keys of `ring` from files again when they change, whose texts were `known`, until cancelled. Files that
// cannot be used leave things as they are.
io::Task<void> follow_token_keys(std::shared_ptr<KeyRing> ring, std::vector<std::string> paths,
                                 std::vector<std::string> known);

}  // namespace apiserver
