// Autoscalers, in both of their versions: the rules are those of the one that is stored.

#include "apiserver/registry/validation/autoscaling.h"

#include "api/autoscaling_v2.h"
#include "apiserver/registry/conversion.h"
#include "apiserver/registry/strategy/special.h"

namespace apiserver {
namespace {

namespace autoscaling = api::autoscaling_v2;
using schema::FieldErrors;
using schema::Object;
using Autoscaler = autoscaling::HorizontalPodAutoscaler;

class AutoscalerStrategy final : public Strategy {
 public:
  void prepare_create(const Situation&, Object& next) const override { settle(next); }
  void prepare_update(const Situation&, Object& next, const Object&) const override { settle(next); }
  FieldErrors validate_create(const Situation&, const Object& next) const override {
    return validate_autoscaler(stored(next), nullptr);
  }
  FieldErrors validate_update(const Situation&, const Object& next, const Object& current) const override {
    Autoscaler before = stored(current);
    return validate_autoscaler(stored(next), &before);
  }
  FieldErrors validate_status(const Situation&, const Object& next, const Object&) const override {
    return validate_autoscaler_status(stored(next));
  }

 private:
  // The older form shows what is stored of it: metrics that are defaulted, and annotations that stand for fields.
  static void settle(Object& next) {
    const schema::Type& type = next.type();
    if (&type == &Autoscaler::kType) return;
    if (auto back = convert(Object(stored(next)), type)) type.assign(next.data(), back->data());
  }
  static Autoscaler stored(const Object& object) {
    if (const auto* one = object.get_if<Autoscaler>()) return *one;
    auto converted = convert(object, Autoscaler::kType);
    return converted ? std::move(*converted).take<Autoscaler>() : Autoscaler();
  }
};

}  // namespace

void add_autoscaling_strategies(StrategyMap& all) {
  all["horizontalpodautoscalers.autoscaling"] = std::make_unique<AutoscalerStrategy>();
}

}  // namespace apiserver
