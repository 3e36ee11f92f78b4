// Objects of custom kinds from one version to another by asking a webhook. Kubernetes documentation, "Webhook
// conversion".
#pragma once

#include <string>
#include <vector>

#include "apiserver/registry/reader.h"
#include "apiserver/registry/served.h"
#include "base/random.h"
#include "base/result.h"
#include "io/task.h"
#include "store/store.h"

namespace apiserver::crd {

// The seconds that a webhook has for its answer.
constexpr int kConversionSeconds = 30;

// Whether objects of `served` that are stored in another version are brought into its own by a webhook.
bool asks_webhook(const Served& served);

// The entries as they read in the version of `served`: those stored in another are asked for, all at once. Internal, in
// upstream's words, when that fails. Without a webhook they stay as they are.
io::Task<base::Result<std::vector<store::EntryRef>>> in_version(const Reader& reader, base::Random& random,
                                                                const Served& served,
                                                                std::vector<store::EntryRef> entries);

// The stored form of an object in the version of `served`.
io::Task<base::Result<std::string>> stored_form(const Reader& reader, base::Random& random, const Served& served,
                                                const schema::Object& object);

}  // namespace apiserver::crd
