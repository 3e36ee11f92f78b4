// The one border between an Error and the API's Status: what a server answers with and a client reads.
//
// An Error that carries a Status (StatusError) becomes exactly that; another gets the Status its code implies.
#pragma once

#include "api/meta_v1.h"
#include "base/result.h"

namespace schema {

struct StatusError final : base::ErrorDetails {
  explicit StatusError(api::meta_v1::Status status) : status(std::move(status)) {}
  api::meta_v1::Status status;
};

// The error that `status` says: its code from the reason (from the HTTP code when the reason is unknown).
base::Error error_of(api::meta_v1::Status status);
// The Status of an error: the one it carries, with the error's message; else one made from its code.
api::meta_v1::Status status_of(const base::Error& error);
// The Status that the error carries, or null.
const api::meta_v1::Status* carried_status(const base::Error& error);

int http_code(base::Code code);            // Conflict: 409
std::string_view reason(base::Code code);  // Conflict: "Conflict"; Expired: "Expired"
base::Code code_of_http(int http_code);    // when there is no Status to ask

}  // namespace schema
