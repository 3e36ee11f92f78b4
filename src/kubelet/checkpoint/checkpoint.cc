#include "kubelet/checkpoint/checkpoint.h"

#include <unistd.h>

#include "base/file.h"
#include "base/strings.h"
#include "schema/value.h"

namespace kubelet {
namespace {

using schema::Value;

int64_t checksum_of(std::string_view data) {
  return fnv32a(base::cat({"(string)", data}));
}

}  // namespace

uint32_t fnv32a(std::string_view text) {
  uint32_t hash = 2166136261U;
  for (unsigned char c : text) {
    hash ^= c;
    hash *= 16777619U;
  }
  return hash;
}

base::Result<void> write_checkpoint(const std::string& path, std::string_view data) {
  Value file = Value::object({{"Data", Value(data)}, {"Checksum", Value(checksum_of(data))}});
  return base::write_file(path, file.to_json(), 0600);
}

base::Result<std::optional<std::string>> read_checkpoint(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) return std::nullopt;
  TRY(auto text, base::read_file(path));
  auto file = Value::parse(text);
  const Value* data = file ? file->find("Data") : nullptr;
  const Value* checksum = file ? file->find("Checksum") : nullptr;
  if (data == nullptr || !data->is_string() || checksum == nullptr || !checksum->is_int() ||
      checksum->as_int() != checksum_of(data->as_string()))
    return base::fail(base::Code::Invalid, "checkpoint is corrupted: " + path);
  return data->as_string();
}

}  // namespace kubelet
