// JSON text, written from the left; commas come by themselves.
//
//   JsonWriter json;
//   json.open('{').key("type").text("object").close('}');
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace apiserver::openapi {

class JsonWriter {
 public:
  JsonWriter& open(char bracket) {
    separate();
    out_ += bracket;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    return *this;
  }
  JsonWriter& key(std::string_view name) {
    separate();
    base::append_json_string(out_, name);
    out_ += ':';
    return *this;
  }
  JsonWriter& text(std::string_view value) {
    separate();
    base::append_json_string(out_, value);
    return *this;
  }
  // JSON as it stands: "true", "{}".
  JsonWriter& raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
  }
  // A member that is a text.
  JsonWriter& member(std::string_view name, std::string_view value) { return key(name).text(value); }
  JsonWriter& member_raw(std::string_view name, std::string_view json) { return key(name).raw(json); }

  std::string take() { return std::move(out_); }

 private:
  void separate() {
    if (out_.empty()) return;
    char last = out_.back();
    if (last != '{' && last != '[' && last != ':') out_ += ',';
  }

  std::string out_;
};

}  // namespace apiserver::openapi
