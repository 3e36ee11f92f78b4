// One version of a custom kind as it is served: its type, its row, and what its definition says about it. Made anew
// whenever the definition changes; constant, safe from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/apiextensions_k8s_io_v1.h"
#include "apiserver/crd/json_path.h"
#include "apiserver/registry/strategy.h"
#include "schema/custom.h"
#include "schema/resource.h"

namespace apiserver::crd {

class RuleSet;

// A column of tables, and where its cells come from.
struct PrinterColumn {
  std::string name, type, format, description, json_path;
  int32_t priority = 0;
  JsonPath path;
};

struct ScalePaths {
  std::vector<std::string> spec_replicas, status_replicas, label_selector;
};

class Kind {
 public:
  using Definition = api::apiextensions_k8s_io_v1::CustomResourceDefinition;
  using Version = api::apiextensions_k8s_io_v1::CustomResourceDefinitionVersion;

  // `version` is one of the definition's. Names are those that were accepted.
  Kind(const Definition& definition, const Version& version);
  ~Kind();
  Kind(const Kind&) = delete;
  Kind& operator=(const Kind&) = delete;

  const schema::Resource& row() const { return row_; }
  const schema::Type& type() const { return type_->type(); }
  const schema::Type& list_type() const { return list_type_->type(); }
  const schema::Type& stored_type() const { return *stored_type_; }
  const Strategy& strategy() const { return *strategy_; }
  const schema::Structural* structural() const { return structural_.get(); }
  const RuleSet* rules() const { return rules_.get(); }  // null when there are none

  const std::vector<PrinterColumn>& columns() const { return columns_; }
  const std::vector<std::pair<std::string, JsonPath>>& selectable() const { return selectable_; }
  const std::optional<ScalePaths>& scale() const { return scale_; }
  const std::string& deprecation_warning() const { return deprecation_warning_; }  // "" when it is not deprecated
  bool is_terminating() const { return is_terminating_; }
  const api::apiextensions_k8s_io_v1::JSONSchemaProps* open_api_schema() const { return open_api_schema_.get(); }
  const std::string& definition_uid() const { return definition_uid_; }
  // Of the definition it was made of. Watches reach no further back.
  uint64_t definition_revision() const { return definition_revision_; }
  // How objects of other versions become ours: by a webhook, or by saying another version.
  const api::apiextensions_k8s_io_v1::WebhookConversion* webhook() const { return webhook_.get(); }

 private:
  void make_row(const Definition& definition, const Version& version);

  std::string definition_uid_;
  uint64_t definition_revision_ = 0;
  std::shared_ptr<const schema::Structural> structural_;
  std::unique_ptr<schema::CustomType> type_;
  std::unique_ptr<schema::CustomType> list_type_;
  std::unique_ptr<schema::CustomType> other_type_;  // of the storage version where that is another
  const schema::Type* stored_type_ = nullptr;
  std::unique_ptr<Strategy> strategy_;
  std::unique_ptr<RuleSet> rules_;
  std::unique_ptr<api::apiextensions_k8s_io_v1::JSONSchemaProps> open_api_schema_;
  std::unique_ptr<api::apiextensions_k8s_io_v1::WebhookConversion> webhook_;
  std::vector<PrinterColumn> columns_;
  std::vector<std::pair<std::string, JsonPath>> selectable_;
  std::optional<ScalePaths> scale_;
  std::string deprecation_warning_;
  bool is_terminating_ = false;

  // What the row refers to.
  std::string group_, version_, plural_, singular_, kind_, list_kind_, key_, storage_version_;
  std::vector<std::string> short_names_, categories_, selectable_names_;
  std::vector<std::string_view> short_name_views_, category_views_, selectable_views_;
  std::vector<schema::Subresource> subresources_;
  std::vector<schema::Column> column_rows_;
  std::string hash_;
  schema::Resource row_;
};

}  // namespace apiserver::crd
