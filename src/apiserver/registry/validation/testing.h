// For tests of rules: objects as JSON, complaints as texts.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/field_error.h"
#include "schema/json.h"

namespace apiserver::testing {

template <class T>
T object(std::string_view json) {
  auto decoded = schema::from_json<T>(json);
  EXPECT_TRUE(decoded.has_value()) << json;
  return decoded ? std::move(*decoded) : T{};
}

inline std::vector<std::string> texts(const schema::FieldErrors& errors) {
  std::vector<std::string> out;
  for (const auto& error : errors) out.push_back(error.to_string());
  return out;
}

// One object, and what is wrong with it: the beginnings of the complaints, in order.
struct Case {
  std::string json;
  std::vector<std::string> complaints;
  std::string_view current = {};
};

template <class T>
void expect_all(schema::FieldErrors (*validate)(const T& next, const T* current), const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    T next = object<T>(one.json);
    std::optional<T> current;
    if (!one.current.empty()) current = object<T>(one.current);
    auto found = texts(validate(next, current ? &*current : nullptr));
    ASSERT_EQ(found.size(), one.complaints.size()) << one.json << "\n" << ::testing::PrintToString(found);
    for (size_t i = 0; i < found.size(); ++i)
      EXPECT_THAT(found[i], ::testing::StartsWith(one.complaints[i])) << one.json;
  }
}

}  // namespace apiserver::testing
