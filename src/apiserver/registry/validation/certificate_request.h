// The rules of requests for certificates, beyond those of metadata. Pure.
#pragma once

#include "api/certificates_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_certificate_request(const api::certificates_k8s_io_v1::CertificateSigningRequest& next);

// Which part of a request an update is about.
enum class RequestPart : uint8_t { Main, Status, Approval };
schema::FieldErrors validate_certificate_request_update(
    const api::certificates_k8s_io_v1::CertificateSigningRequest& next,
    const api::certificates_k8s_io_v1::CertificateSigningRequest& current, RequestPart part);

}  // namespace apiserver
