// Log lines on standard error, in the form of Kubernetes' components (klog):
//   I1123 22:12:45.123456   12345 file.cc:42] "Created object" kind="Pod" name="x"
// Structured: a fixed message, then keys and values. Never a secret, never a body. Safe from any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace base {

enum class Severity : uint8_t { Info, Warning, Error };

struct LogField {
  LogField(std::string_view key, std::string_view value) : key(key), value(value) {}
  LogField(std::string_view key, const char* value) : key(key), value(value) {}
  LogField(std::string_view key, const std::string& value) : key(key), value(value) {}
  LogField(std::string_view key, int64_t value) : key(key), value(std::to_string(value)), quoted(false) {}
  LogField(std::string_view key, uint64_t value) : key(key), value(std::to_string(value)), quoted(false) {}
  LogField(std::string_view key, int value) : LogField(key, int64_t{value}) {}
  LogField(std::string_view key, uint32_t value) : LogField(key, uint64_t{value}) {}
  LogField(std::string_view key, bool value) : key(key), value(value ? "true" : "false"), quoted(false) {}

  std::string_view key;
  std::string value;
  bool quoted = true;
};

// Lines with a verbosity above this are dropped (`-v`). Set once at start.
void set_log_verbosity(int level);
int log_verbosity();

void log(Severity severity, std::string_view file, int line, std::string_view message,
         std::initializer_list<LogField> fields);

}  // namespace base

#define LOG_AT_(severity, message, ...) \
  ::base::log(::base::Severity::severity, __FILE_NAME__, __LINE__, message, {__VA_ARGS__})
// LOG_INFO("Created object", {"kind", "Pod"}, {"name", name});
#define LOG_INFO(message, ...) LOG_AT_(Info, message, __VA_ARGS__)
#define LOG_WARNING(message, ...) LOG_AT_(Warning, message, __VA_ARGS__)
#define LOG_ERROR(message, ...) LOG_AT_(Error, message, __VA_ARGS__)
#define LOG_V(level, message, ...)                                               \
  do {                                                                           \
    if (::base::log_verbosity() >= (level)) LOG_AT_(Info, message, __VA_ARGS__); \
  } while (false)
