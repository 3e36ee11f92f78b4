// Any text may be compiled, and what compiles may be run.

#include <cstddef>
#include <cstdint>

#include "cel/environment.h"
#include "cel/program.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const schema::Value tree =
      schema::Value::parse(R"({"i":1,"d":1.5,"s":"text","l":[1,2,3],"m":{"a":"b"},"n":null,"o":{"x":[{"y":1}]}})")
          .value();
  static const cel::Environment environment = [] {
    cel::Environment made;
    made.allow_mutation();
    made.add_variable("self", cel::dyn_type());
    made.add_variable("typed",
                      cel::declare(schema::Value::parse(R"({"type":"object","properties":{"i":{"type":"integer"},
        "s":{"type":"string"},"l":{"type":"array","items":{"type":"integer"}},
        "m":{"type":"object","additionalProperties":{"type":"string"}}}})")
                                       .value()));
    return made;
  }();
  auto program = environment.compile({reinterpret_cast<const char*>(data), size});
  if (!program) return 0;
  cel::Activation activation;
  activation.set("self", cel::Value::of(tree));
  activation.set("typed", cel::Value::of(tree, environment.find_variable("typed")->declaration.get()));
  cel::Budget budget{.limit = 20'000};
  (void)(*program)->evaluate(activation, budget).to_tree();
  (void)(*program)->estimate_cost(environment.find_variable("typed")->declaration.get());
  return 0;
}
