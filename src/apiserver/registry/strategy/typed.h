// A strategy whose functions see the struct of their kind.
#pragma once

#include "apiserver/registry/strategy.h"

namespace apiserver {

template <class T>
class Typed : public Strategy {
 public:
  void prepare_create(const Situation& situation, schema::Object& next) const final { born(situation, next.as<T>()); }
  void prepare_update(const Situation& situation, schema::Object& next, const schema::Object& current) const final {
    changed(situation, next.as<T>(), current.as<T>());
  }
  void prepare_status(const Situation& situation, schema::Object& next, const schema::Object& current) const final {
    status_changed(situation, next.as<T>(), current.as<T>());
  }
  schema::FieldErrors validate_create(const Situation& situation, const schema::Object& next) const final {
    return check(situation, next.as<T>(), nullptr);
  }
  schema::FieldErrors validate_update(const Situation& situation, const schema::Object& next,
                                      const schema::Object& current) const final {
    return check(situation, next.as<T>(), &current.as<T>());
  }
  schema::FieldErrors validate_status(const Situation& situation, const schema::Object& next,
                                      const schema::Object& current) const final {
    return check_status(situation, next.as<T>(), current.as<T>());
  }
  void warn(const Situation& situation, const schema::Object& next, const schema::Object* current) const final {
    if (situation.subresource == "status") {
      notice_status(situation, next.as<T>());
    } else {
      notice(situation, next.as<T>(), current == nullptr ? nullptr : &current->as<T>());
    }
  }

 protected:
  // prepare_create, prepare_update, prepare_status
  virtual void born(const Situation& situation, T& next) const {}
  virtual void changed(const Situation& situation, T& next, const T& current) const {}
  virtual void status_changed(const Situation& situation, T& next, const T& current) const {}
  // validate_create (`current` is null), validate_update, validate_status
  virtual schema::FieldErrors check(const Situation& situation, const T& next, const T* current) const { return {}; }
  virtual schema::FieldErrors check_status(const Situation& situation, const T& next, const T& current) const {
    return {};
  }
  // warn: of the object, and of its status when that is written alone
  virtual void notice(const Situation& situation, const T& next, const T* current) const {}
  virtual void notice_status(const Situation& situation, const T& next) const {}
};

// The common case: traits and rules, and nothing to prepare.
template <class T>
class Ruled final : public Typed<T> {
 public:
  using Rule = schema::FieldErrors (*)(const T& next, const T* current);

  Ruled(Traits traits, Rule rule) : traits_(traits), rule_(rule) {}
  Traits traits() const override { return traits_; }

 protected:
  schema::FieldErrors check(const Situation&, const T& next, const T* current) const override {
    return rule_(next, current);
  }

 private:
  const Traits traits_;
  const Rule rule_;
};

}  // namespace apiserver
