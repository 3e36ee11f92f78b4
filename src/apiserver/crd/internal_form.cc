#include "apiserver/crd/internal_form.h"

#include "base/json.h"
#include "base/strings.h"
#include "schema/json.h"

namespace apiserver::crd {
namespace {

namespace v1 = api::apiextensions_k8s_io_v1;

// JSON members in order; what is absent is null.
class Writer {
 public:
  Writer& text(std::string_view name, std::string_view value) {
    key(name);
    base::append_json_string(out_, value);
    return *this;
  }
  Writer& maybe_text(std::string_view name, const std::optional<std::string>& value) {
    return value ? text(name, *value) : raw(name, "null");
  }
  Writer& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  Writer& maybe_flag(std::string_view name, const std::optional<bool>& value) {
    return value ? flag(name, *value) : raw(name, "null");
  }
  Writer& number(std::string_view name, const std::optional<int64_t>& value) {
    return raw(name, value ? std::to_string(*value) : "null");
  }
  Writer& number(std::string_view name, const std::optional<double>& value) {
    std::string shown = "null";
    if (value) {
      shown.clear();
      base::append_json_double(shown, *value);
    }
    return raw(name, shown);
  }
  Writer& raw(std::string_view name, std::string_view json) {
    key(name);
    out_ += json.empty() ? std::string_view("null") : json;
    return *this;
  }
  std::string take() { return std::move(out_) + "}"; }

 private:
  void key(std::string_view name) {
    if (out_.size() > 1) out_ += ',';
    base::append_json_string(out_, name);
    out_ += ':';
  }
  std::string out_ = "{";
};

template <class List, class Form>
std::string list(const List& elements, Form form) {
  if (elements.empty()) return "null";
  std::string out = "[";
  for (const auto& element : elements) {
    if (out.size() > 1) out += ',';
    out += form(element);
  }
  return out + "]";
}

template <class Map, class Form>
std::string map(const Map& entries, Form form) {
  if (entries.empty()) return "null";
  std::string out = "{";
  for (const auto& [name, value] : entries) {
    if (out.size() > 1) out += ',';
    base::append_json_string(out, name);
    out += ':';
    out += form(value);
  }
  return out + "}";
}

std::string quoted(const std::string& text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

std::string schema_form(const v1::JSONSchemaProps& schema) {
  return internal_form(schema);
}

std::string boxed(const schema::Box<v1::JSONSchemaProps>& schema) {
  return schema ? internal_form(*schema) : "null";
}

std::string or_bool(const schema::Box<v1::JSONSchemaPropsOrBool>& either) {
  if (!either) return "null";
  return Writer().flag("Allows", either->allows).raw("Schema", boxed(either->schema)).take();
}

std::string or_array(const schema::Box<v1::JSONSchemaPropsOrArray>& either) {
  if (!either) return "null";
  return Writer()
      .raw("Schema", boxed(either->schema))
      .raw("JSONSchemas", list(either->j_son_schemas, schema_form))
      .take();
}

std::string or_strings(const v1::JSONSchemaPropsOrStringArray& either) {
  return Writer().raw("Schema", boxed(either.schema)).raw("Property", list(either.property, quoted)).take();
}

std::string raw_or_null(const std::string& json) {
  return json.empty() ? "null" : json;
}

std::string subresources_form(const v1::CustomResourceSubresources& subresources) {
  std::string scale = "null";
  if (subresources.scale) {
    scale = Writer()
                .text("SpecReplicasPath", subresources.scale->spec_replicas_path)
                .text("StatusReplicasPath", subresources.scale->status_replicas_path)
                .maybe_text("LabelSelectorPath", subresources.scale->label_selector_path)
                .take();
  }
  return Writer().raw("Status", subresources.status ? "{}" : "null").raw("Scale", scale).take();
}

std::string column_form(const v1::CustomResourceColumnDefinition& column) {
  return Writer()
      .text("Name", column.name)
      .text("Type", column.type)
      .text("Format", column.format)
      .text("Description", column.description)
      .raw("Priority", std::to_string(column.priority))
      .text("JSONPath", column.json_path)
      .take();
}

}  // namespace

std::string internal_form(const std::vector<std::string>& texts) {
  return list(texts, quoted);
}

std::string internal_form(const v1::ValidationRule& rule) {
  return Writer()
      .text("Rule", rule.rule)
      .text("Message", rule.message)
      .text("MessageExpression", rule.message_expression)
      .maybe_text("Reason", rule.reason)
      .text("FieldPath", rule.field_path)
      .maybe_flag("OptionalOldSelf", rule.optional_old_self)
      .take();
}

std::string internal_form(const v1::JSONSchemaProps& schema) {
  std::string docs = "null";
  if (schema.external_docs) {
    docs =
        Writer().text("Description", schema.external_docs->description).text("URL", schema.external_docs->url).take();
  }
  return Writer()
      .text("ID", schema.id)
      .text("Schema", schema.schema)
      .maybe_text("Ref", schema.ref)
      .text("Description", schema.description)
      .text("Type", schema.type)
      .flag("Nullable", schema.nullable)
      .text("Format", schema.format)
      .text("Title", schema.title)
      .raw("Default", raw_or_null(schema.default_))
      .number("Maximum", schema.maximum)
      .flag("ExclusiveMaximum", schema.exclusive_maximum)
      .number("Minimum", schema.minimum)
      .flag("ExclusiveMinimum", schema.exclusive_minimum)
      .number("MaxLength", schema.max_length)
      .number("MinLength", schema.min_length)
      .text("Pattern", schema.pattern)
      .number("MaxItems", schema.max_items)
      .number("MinItems", schema.min_items)
      .flag("UniqueItems", schema.unique_items)
      .number("MultipleOf", schema.multiple_of)
      .raw("Enum", list(schema.enum_, raw_or_null))
      .number("MaxProperties", schema.max_properties)
      .number("MinProperties", schema.min_properties)
      .raw("Required", internal_form(schema.required))
      .raw("Items", or_array(schema.items))
      .raw("AllOf", list(schema.all_of, schema_form))
      .raw("OneOf", list(schema.one_of, schema_form))
      .raw("AnyOf", list(schema.any_of, schema_form))
      .raw("Not", boxed(schema.not_))
      .raw("Properties", map(schema.properties, schema_form))
      .raw("AdditionalProperties", or_bool(schema.additional_properties))
      .raw("PatternProperties", map(schema.pattern_properties, schema_form))
      .raw("Dependencies", map(schema.dependencies, or_strings))
      .raw("AdditionalItems", or_bool(schema.additional_items))
      .raw("Definitions", map(schema.definitions, schema_form))
      .raw("ExternalDocs", docs)
      .raw("Example", raw_or_null(schema.example))
      .maybe_flag("XPreserveUnknownFields", schema.x_kubernetes_preserve_unknown_fields)
      .flag("XEmbeddedResource", schema.x_kubernetes_embedded_resource)
      .flag("XIntOrString", schema.x_kubernetes_int_or_string)
      .raw("XListMapKeys", internal_form(schema.x_kubernetes_list_map_keys))
      .maybe_text("XListType", schema.x_kubernetes_list_type)
      .maybe_text("XMapType", schema.x_kubernetes_map_type)
      .raw("XValidations",
           list(schema.x_kubernetes_validations, [](const v1::ValidationRule& rule) { return internal_form(rule); }))
      .take();
}

std::string internal_form(const std::vector<v1::CustomResourceDefinitionVersion>& versions, const Hoisted& hoisted) {
  if (versions.empty()) return "[]";
  return list(versions, [&](const v1::CustomResourceDefinitionVersion& version) {
    std::string schema = "null", subresources = "null", columns = "null", fields = "null";
    if (version.schema && !hoisted.schema) {
      schema = Writer().raw("OpenAPIV3Schema", boxed(version.schema->open_api_v3_schema)).take();
    }
    if (version.subresources && !hoisted.subresources) subresources = subresources_form(*version.subresources);
    if (!hoisted.columns) columns = list(version.additional_printer_columns, column_form);
    if (!hoisted.selectable_fields) {
      fields = list(version.selectable_fields,
                    [](const v1::SelectableField& field) { return Writer().text("JSONPath", field.json_path).take(); });
    }
    return Writer()
        .text("Name", version.name)
        .flag("Served", version.served)
        .flag("Storage", version.storage)
        .flag("Deprecated", version.deprecated)
        .maybe_text("DeprecationWarning", version.deprecation_warning)
        .raw("Schema", schema)
        .raw("Subresources", subresources)
        .raw("AdditionalPrinterColumns", columns)
        .raw("SelectableFields", fields)
        .take();
  });
}

}  // namespace apiserver::crd
