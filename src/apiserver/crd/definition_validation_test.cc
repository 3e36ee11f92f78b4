#include "apiserver/crd/definition_validation.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "schema/json.h"

namespace apiserver::crd {
namespace {

Definition definition(std::string_view schema, std::string_view more = "") {
  auto made = schema::from_json<Definition>(
      base::cat({R"({"metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com","scope":"Namespaced",)",
                 R"("names":{"plural":"widgets","singular":"widget","kind":"Widget","listKind":"WidgetList"},)",
                 R"("versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":)", schema, "}",
                 more, R"(}]},"status":{"storedVersions":["v1"]}})"}));
  EXPECT_TRUE(made) << made.error().message();
  return *made;
}

std::string complaints(const Definition& next, const Definition* current = nullptr) {
  auto errors = validate_definition(next, current);
  return errors.empty() ? "" : schema::to_string(errors);
}

TEST(DefinitionValidation, SchemasAreStructuralAndOfKnownFields) {
  constexpr std::string_view kRoot = "spec.validation.openAPIV3Schema";
  struct {
    std::string_view schema, complaint;  // without kRoot
  } cases[] = {
      {R"({"type":"object"})", ""},
      {"{}", ".type: Required value: must not be empty at the root"},
      {R"({"type":"object","properties":{"x":{}}})",
       ".properties[x].type: Required value: must not be empty for specified object fields"},
      {R"({"type":"object","properties":{"x":{"type":"array"}}})",
       ".properties[x].items: Required value: must be specified"},
      {R"({"type":"object","properties":{"x":{"type":"string","anyOf":[{"type":"integer"}]}}})",
       ".properties[x].anyOf[0].type: Forbidden: must be empty to be structural"},
      {R"({"type":"object","properties":{"x":{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]}}})",
       ""},
      {R"({"type":"object","anyOf":[{"required":["a"],"properties":{"a":{"minimum":1}}}]})",
       ".properties[a]: Required value: because it is defined in "
       "spec.validation.openAPIV3Schema.anyOf[0].properties[a]"},
      {R"({"type":"object","properties":{"x":{"type":"string","$ref":"#/y"}}})",
       ".properties[x].$ref: Forbidden: $ref is not supported"},
      {R"({"type":"object","properties":{"x":{"type":"string","pattern":"("}}})",
       ".properties[x].pattern: Invalid value: \"(\": must be a valid regular expression, but isn't: error parsing "
       "regexp: missing closing ): `(`"},
      {R"({"type":"object","properties":{"x":{"type":"integer","default":"a"}}})",
       ".properties[x].default: Invalid value: \"string\":  in body must be of type integer: \"string\""},
      {R"({"type":"object","properties":{"x":{"type":"object","default":{"b":1}}}})",
       ".properties[x].default: Invalid value: {\"b\":1}: must not have unknown fields"},
      {R"({"type":"object","properties":{"metadata":{"type":"object","properties":{"labels":{"type":"object"}}}}})",
       ".properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is "
       "implicitly specified"},
      {R"({"type":"object","properties":{"x":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
          "items":{"type":"object","properties":{"k":{"type":"string"}}}}}})",
       ".properties[x].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so "
       "it must have a default or be "
       "a required property"},
      {R"({"type":"object","properties":{"x":{"type":"array","x-kubernetes-list-type":"bag","items":{"type":"string"}}}})",
       ".properties[x].x-kubernetes-list-type: Unsupported value: \"bag\": supported values: \"atomic\", \"set\", "
       "\"map\""},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(complaints(definition(one.schema)), one.complaint.empty() ? "" : base::cat({kRoot, one.complaint}))
        << one.schema;
  }
}

TEST(DefinitionValidation, ColumnsScaleAndSelectableFieldsLeadSomewhere) {
  constexpr std::string_view kSchema =
      R"({"type":"object","properties":{"spec":{"type":"object","properties":{"a":{"type":"string"},"o":{"type":"object"}}}}})";
  struct {
    std::string_view more, complaint;
  } cases[] = {
      {R"(,"additionalPrinterColumns":[{"name":"A","type":"text","jsonPath":"spec.a"}])",
       "[spec.additionalPrinterColumns[0].type: Invalid value: \"text\": must be one of "
       "boolean,date,integer,number,string, "
       "spec.additionalPrinterColumns[0].JSONPath: Invalid value: \"spec.a\": must be a simple json path starting with "
       ".]"},
      {R"(,"subresources":{"scale":{"specReplicasPath":".status.n","statusReplicasPath":".status.n"}})",
       "spec.subresources.scale.specReplicasPath: Invalid value: \".status.n\": should be a json path under .spec"},
      {R"(,"selectableFields":[{"jsonPath":".spec.a"},{"jsonPath":".spec.a"}])",
       "spec.selectableFields[1].jsonPath: Duplicate value: \".spec.a\""},
      {R"(,"selectableFields":[{"jsonPath":".spec.o"}])",
       "spec.selectableFields[0].jsonPath: Invalid value: \".spec.o\": must point to a field of type string, boolean "
       "or integer. Enum string fields "
       "and strings with formats are allowed."},
      {R"(,"deprecationWarning":"old")",
       "spec.versions[0].deprecationWarning: Invalid value: \"old\": can only be set for deprecated versions"},
  };
  for (const auto& one : cases) EXPECT_EQ(complaints(definition(kSchema, one.more)), one.complaint) << one.more;
}

TEST(DefinitionValidation, WhatIsEstablishedKeepsItsKindScopeAndGroup) {
  auto current = definition(R"({"type":"object"})");
  set_condition(current, "Established", true, "InitialNamesAccepted", "", base::Time{1, 0});
  auto next = current;
  next.spec.scope = "Cluster";
  next.spec.group = "other.example.com";
  EXPECT_EQ(complaints(next, &current),
            "[spec.scope: Invalid value: \"Cluster\": field is immutable, spec.group: Invalid value: "
            "\"other.example.com\": field is immutable]");
}

TEST(DefinitionValidation, GroupsOfTheProjectNeedItsApproval) {
  auto next = definition(R"({"type":"object"})");
  next.spec.group = "things.k8s.io";
  next.metadata.name = "widgets.things.k8s.io";
  EXPECT_EQ(complaints(next),
            "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval "
            "annotation "
            "\"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111");
  next.metadata.annotations["api-approved.kubernetes.io"] = "https://example.com/approved";
  EXPECT_EQ(complaints(next), "");
}

}  // namespace
}  // namespace apiserver::crd
