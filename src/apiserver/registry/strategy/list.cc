// The strategies, one line each.
#include <map>
#include <string>

#include "apiserver/registry/strategy.h"
#include "base/strings.h"

namespace apiserver {

const Strategy& strategy_of(std::string_view group, std::string_view resource) {
  static const Strategy plain;
  return plain;
}

}  // namespace apiserver
