// Whether what a token is tied to is still there, looked up in the store.
#pragma once

#include "apiserver/authn/bearer.h"
#include "apiserver/registry/served.h"
#include "store/store.h"

namespace apiserver {

// For a TokenVerifier. The store and the catalog are borrowed.
FindUid make_find_uid(store::Store& store, const Catalog& catalog);

}  // namespace apiserver
