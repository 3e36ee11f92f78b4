// From a body to the object it should be, with upstream's complaints.
#pragma once

#include "apiserver/registry/call.h"
#include "apiserver/registry/options.h"
#include "base/result.h"
#include "schema/object.h"
#include "schema/type.h"

namespace apiserver {

// The body as a `type`; a body that does not say what it is, is taken for one. Unknown and repeated fields fail or warn
// as `validation` says. BadRequest, UnsupportedMediaType.
base::Result<schema::Object> decode_body(Call& call, const schema::Type& type, FieldValidation validation);

// The same for JSON text that is the outcome of a patch: the complaint is an Invalid about "patch" that shows `shown`.
base::Result<schema::Object> decode_patched(Call& call, const schema::Type& type, std::string_view json,
                                            std::string_view shown, FieldValidation validation);

// The body of a subresource's create or update: its namespace is that of the request.
base::Result<schema::Object> decode_part(Call& call, const schema::Type& type, FieldValidation validation);

}  // namespace apiserver
