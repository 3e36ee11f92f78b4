// The kinds of volumes that pods and persistent volumes have in common, or nearly. What differs is where secrets are.
#pragma once

#include "api/core_v1.h"
#include "apiserver/registry/validation/report.h"
#include "apiserver/registry/validation/values.h"

namespace apiserver {

// Which of the sources is set: one has to be, and only the first is looked at.
class SourceChoice {
 public:
  SourceChoice(Report& report, const Place& at) : report_(report), at_(at) {}

  // Whether it is the one to look at. `shown` is the name in the complaint about another one.
  bool takes(bool set, std::string_view shown);
  bool found() const { return found_; }
  void finish();

 private:
  Report& report_;
  const Place& at_;
  bool found_ = false;
};

void check_host_path(Report& report, const api::core_v1::HostPathVolumeSource& source, const Place& at);
void check_nfs(Report& report, const api::core_v1::NFSVolumeSource& source, const Place& at);
void check_fibre_channel(Report& report, const api::core_v1::FCVolumeSource& source, const Place& at);
void check_flocker(Report& report, const api::core_v1::FlockerVolumeSource& source, const Place& at);
void check_quobyte(Report& report, const api::core_v1::QuobyteVolumeSource& source, const Place& at);
void check_azure_disk(Report& report, const api::core_v1::AzureDiskVolumeSource& source, const Place& at);
void check_gce_disk(Report& report, const api::core_v1::GCEPersistentDiskVolumeSource& source, const Place& at);
void check_aws_disk(Report& report, const api::core_v1::AWSElasticBlockStoreVolumeSource& source, const Place& at);
void check_csi_driver_name(Report& report, std::string_view name, const Place& at);
void check_required(Report& report, std::string_view text, const Place& at);
// "iqn.2001-04.com.example:storage", "eui.0123456789ABCDEF", "naa...": whether it has one of the forms, and the right
// one.
bool has_iscsi_prefix(std::string_view name);
bool is_iscsi_name(std::string_view name);
void check_flex_options(Report& report, const Labels& options, const Place& at);

void check_claim_spec(Report& report, const api::core_v1::PersistentVolumeClaimSpec& spec, SelectorValues values,
                      bool any_api_group, const Place& at);

}  // namespace apiserver
