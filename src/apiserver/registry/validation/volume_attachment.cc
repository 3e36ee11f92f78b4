#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/storage.h"
#include "apiserver/registry/validation/storage_class.h"
#include "apiserver/registry/validation/values.h"

namespace apiserver {
namespace {

namespace storage = api::storage_k8s_io_v1;

constexpr size_t kMetadataBytesMax = size_t{256} << 10;
constexpr size_t kMessageMax = 1024;

void check_source(Report& report, const storage::VolumeAttachmentSource& source, const Place& at) {
  constexpr std::string_view kOne = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  bool named = source.persistent_volume_name.has_value();
  bool inlined = source.inline_volume_spec.has_value();
  if (!named && !inlined) report.required(at, kOne);
  if (named && inlined) report.forbidden(at, kOne);
  if (named && !inlined && source.persistent_volume_name->empty()) {
    report.required(Place(at, "persistentVolumeName"), "must specify non empty persistentVolumeName");
  }
  if (!named && inlined) check_inline_volume(report, *source.inline_volume_spec, Place(at, "inlineVolumeSpec"));
}

void check_error(Report& report, const schema::Box<storage::VolumeError>& error, const Place& at) {
  if (error && error->message.size() > kMessageMax) report.too_long(Place(at, "message"), kMessageMax);
}

void check_status(Report& report, const storage::VolumeAttachmentStatus& status, const Place& at) {
  size_t bytes = 0;
  for (const auto& [key, value] : status.attachment_metadata) bytes += key.size() + value.size();
  if (bytes > kMetadataBytesMax) report.too_long(Place(at, "attachmentMetadata"), kMetadataBytesMax);
  check_error(report, status.attach_error, Place(at, "attachError"));
  check_error(report, status.detach_error, Place(at, "detachError"));
}

}  // namespace

schema::FieldErrors validate_volume_attachment(const storage::VolumeAttachment& next,
                                               const storage::VolumeAttachment* current) {
  Report report;
  Place spec("spec");
  Place attacher(spec, "attacher");
  Place source(spec, "source");
  if (next.spec.attacher.empty()) report.required(attacher);
  check_source(report, next.spec.source, source);
  check_subdomain(report, next.spec.node_name, Place(spec, "nodeName"));
  check_status(report, next.status, Place("status"));
  if (current != nullptr) {
    report.immutable_unless(next.spec == current->spec, spec, go_value(next.spec));
    return report.take();
  }
  if (!next.spec.attacher.empty()) check_driver_name(report, next.spec.attacher, attacher);
  const auto& name = next.spec.source.persistent_volume_name;
  if (name && !name->empty()) check_subdomain(report, *name, Place(source, "persistentVolumeName"));
  return report.take();
}

}  // namespace apiserver
