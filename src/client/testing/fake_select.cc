#include "client/testing/fake_select.h"

#include "api/meta_v1.h"

namespace client {
namespace {

using schema::Holder;
using schema::Shape;

std::optional<std::string_view> scalar_text(Shape shape, Holder holder, const void* member) {
  if (shape == Shape::String && holder == Holder::Value) return *static_cast<const std::string*>(member);
  if (shape == Shape::String && holder == Holder::Optional) {
    const auto& text = *static_cast<const std::optional<std::string>*>(member);
    if (text) return *text;
  }
  if (shape == Shape::Bool && holder == Holder::Value) return *static_cast<const bool*>(member) ? "true" : "false";
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> field_text(const schema::Object& object, std::string_view path) {
  const schema::Type* type = &object.type();
  const void* at = object.data();
  for (;;) {
    size_t dot = path.find('.');
    const schema::Field* field = type->find(path.substr(0, dot));
    if (field == nullptr) return std::nullopt;
    const void* member = field->in(at);
    if (dot == std::string_view::npos) return scalar_text(field->shape, field->holder, member);
    if (field->shape != Shape::Struct) return std::nullopt;
    if (field->holder == Holder::Box) {
      at = *static_cast<void* const*>(member);
      if (at == nullptr) return std::nullopt;
    } else if (field->holder == Holder::Value) {
      at = member;
    } else {
      return std::nullopt;
    }
    type = field->type;
    path.remove_prefix(dot + 1);
  }
}

bool FakeSelection::matches(const schema::Object& object) const {
  const api::meta_v1::ObjectMeta& meta = object.meta();
  if (!namespace_.empty() && meta.namespace_ != namespace_) return false;
  if (!name.empty() && meta.name != name) return false;
  return labels.matches(meta.labels) && fields.matches([&](std::string_view path) { return field_text(object, path); });
}

}  // namespace client
