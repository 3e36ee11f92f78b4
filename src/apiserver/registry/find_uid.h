// Whether what a token is tied to is still there, looked up in the store.
#pragma once

#include "apiserver/authn/bearer.h"
#include "apiserver/registry/served.h"
#include "store/store.h"

namespace apiserver {

// For a TokenVerifier: what should have been gone for a minute counts as gone, whoever holds it up. The store, the
// catalog and the clock are borrowed.
FindUid make_find_uid(store::Store& store, const Catalog& catalog, const base::Clock& clock);

}  // namespace apiserver
