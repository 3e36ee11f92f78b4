// For tests: the recorded facts that lie beside the checkout. Found by NAVARCH_SHARED, or as ../shared; tests that need
// them say so loudly and skip when there are none.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "schema/value.h"

namespace schema {

inline std::string shared_path(const std::string& name) {
  const char* folder = getenv("NAVARCH_SHARED");
  return (folder != nullptr ? std::string(folder) : NAVARCH_SOURCE_DIR "/../shared") + "/" + name;
}

// The parsed file, null when it is not there.
inline Value shared_json(const std::string& name) {
  std::ifstream file(shared_path(name));
  std::stringstream text;
  text << file.rdbuf();
  auto value = Value::parse(text.str());
  return value ? *std::move(value) : Value();
}

}  // namespace schema

#define NEED_SHARED(value, name)                       \
  ::schema::Value value = ::schema::shared_json(name); \
  if (value.is_null()) GTEST_SKIP() << "\n\n*** NOT TESTED: no " << ::schema::shared_path(name) << " ***\n\n"
