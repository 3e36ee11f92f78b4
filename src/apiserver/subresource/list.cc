#include <array>

#include "apiserver/subresource/handler.h"

namespace apiserver {
namespace {

struct Row {
  std::string_view group, resource, subresource;
  Handler handler;
};

}  // namespace

Handler find_handler(std::string_view group, std::string_view resource, std::string_view subresource) {
  return nullptr;
}

}  // namespace apiserver
