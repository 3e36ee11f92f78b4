// The rules of webhook configurations, beyond those of metadata. What an update finds already broken stays. Pure.
#pragma once

#include "api/admissionregistration_k8s_io_v1.h"
#include "apiserver/registry/validation/report.h"

namespace apiserver {

// `current` null: at birth.
schema::FieldErrors validate_webhooks(
    const api::admissionregistration_k8s_io_v1::ValidatingWebhookConfiguration& next,
    const api::admissionregistration_k8s_io_v1::ValidatingWebhookConfiguration* current);
schema::FieldErrors validate_webhooks(
    const api::admissionregistration_k8s_io_v1::MutatingWebhookConfiguration& next,
    const api::admissionregistration_k8s_io_v1::MutatingWebhookConfiguration* current);

// The parts that conversion webhooks have too.
void check_webhook_url(Report& report, std::string_view url, const Place& at);
void check_webhook_service(Report& report, const std::string& name, const std::string& namespace_,
                           const std::optional<std::string>& path, int32_t port, const Place& at);
// How an AdmissionReview may be written: "v1", "v1beta1".
void check_review_versions(Report& report, const std::vector<std::string>& versions, bool one_is_known,
                           const Place& at);

}  // namespace apiserver
