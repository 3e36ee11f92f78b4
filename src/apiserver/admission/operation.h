// What is done to an object, as admission tells it apart.
#pragma once

#include <cstdint>
#include <string_view>

namespace apiserver {

enum class Operation : uint8_t { Create, Update, Delete, Connect };
std::string_view operation_name(Operation operation);  // "CREATE"

}  // namespace apiserver
