// How objects of custom kinds are checked and changed: by what their definition says.
#pragma once

#include "apiserver/registry/strategy.h"

namespace apiserver::crd {

class Kind;

class CustomStrategy final : public Strategy {
 public:
  explicit CustomStrategy(const Kind& kind) : kind_(kind) {}  // borrowed; owns this

  Traits traits() const override;
  void prepare_status(const Situation& situation, schema::Object& next, const schema::Object& current) const override;
  schema::FieldErrors validate_create(const Situation& situation, const schema::Object& next) const override;
  schema::FieldErrors validate_update(const Situation& situation, const schema::Object& next,
                                      const schema::Object& current) const override;
  schema::FieldErrors validate_status(const Situation& situation, const schema::Object& next,
                                      const schema::Object& current) const override;
  void warn(const Situation& situation, const schema::Object& next, const schema::Object* current) const override;
  base::Result<void> allow_create(const Situation& situation, const schema::Object& next) const override;

 private:
  schema::FieldErrors validate(const Situation& situation, const schema::Object& next,
                               const schema::Object* current) const;
  void validate_scale(schema::FieldErrors& errors, const schema::Value& tree) const;

  const Kind& kind_;
};

}  // namespace apiserver::crd
