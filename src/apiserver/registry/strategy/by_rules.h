// Strategies of kinds that need traits and a few functions, and nothing that changes an object.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apiserver/registry/strategy/typed.h"

namespace apiserver {

template <class T>
struct Rules {
  Traits traits;
  // `current` null: at birth.
  schema::FieldErrors (*validate)(const T& next, const T* current);
  schema::FieldErrors (*validate_status)(const T& next, const T& current) = nullptr;
  void (*warn)(std::vector<std::string>& warnings, const T& next) = nullptr;
};

template <class T>
class ByRules : public Typed<T> {
 public:
  explicit ByRules(Rules<T> rules) : rules_(rules) {}
  Traits traits() const override { return rules_.traits; }

 protected:
  schema::FieldErrors check(const Situation&, const T& next, const T* current) const override {
    return rules_.validate(next, current);
  }
  schema::FieldErrors check_status(const Situation&, const T& next, const T& current) const override {
    if (rules_.validate_status == nullptr) return {};
    return rules_.validate_status(next, current);
  }
  void notice(const Situation& situation, const T& next, const T*) const override {
    if (rules_.warn != nullptr) rules_.warn(situation.warnings, next);
  }

 private:
  const Rules<T> rules_;
};

template <class T>
std::unique_ptr<const Strategy> by_rules(Rules<T> rules) {
  return std::make_unique<ByRules<T>>(rules);
}

}  // namespace apiserver
