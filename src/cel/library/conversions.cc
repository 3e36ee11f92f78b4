// int(), uint(), double(), bool(), string(), bytes(), timestamp(), duration(), type(), dyn().

#include <cmath>

#include "base/strings.h"
#include "cel/library/libraries.h"
#include "cel/scalar.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;

Value same(Arguments a) {
  return a[0];
}
Value type_of(Arguments a) {
  return Value::of_type(a[0].type());
}

Value unreadable(std::string_view to) {
  return Value::error(base::cat({"type conversion error from 'string' to '", to, "'"}));
}
Value integer_overflow() {
  return Value::error("integer overflow");
}
Value unsigned_overflow() {
  return Value::error("unsigned integer overflow");
}

Value int_of_uint(Arguments a) {
  return a[0].as_uint() > INT64_MAX ? integer_overflow() : Value::of_int(static_cast<int64_t>(a[0].as_uint()));
}
Value int_of_double(Arguments a) {
  double value = a[0].as_double();
  // The ends themselves are not exact as doubles.
  if (!(value > -9223372036854775808.0 && value < 9223372036854775808.0)) return integer_overflow();
  return Value::of_int(static_cast<int64_t>(value));
}
Value int_of_string(Arguments a) {
  std::string_view text = a[0].as_string();
  if (text.starts_with('+')) text.remove_prefix(1);
  auto value = base::parse_int(text);
  if (!value || (text.size() != a[0].as_string().size() && text.starts_with('-'))) return unreadable("int");
  return Value::of_int(*value);
}
Value int_of_timestamp(Arguments a) {
  return Value::of_int(a[0].as_timestamp().seconds);
}
Value int_of_duration(Arguments a) {
  return Value::of_int(a[0].as_duration_ns());
}

Value uint_of_int(Arguments a) {
  return a[0].as_int() < 0 ? unsigned_overflow() : Value::of_uint(static_cast<uint64_t>(a[0].as_int()));
}
Value uint_of_double(Arguments a) {
  double value = a[0].as_double();
  if (!(value >= 0 && value < 18446744073709551616.0)) return unsigned_overflow();
  return Value::of_uint(static_cast<uint64_t>(value));
}
Value uint_of_string(Arguments a) {
  auto value = base::parse_uint(a[0].as_string());
  return value ? Value::of_uint(*value) : unreadable("uint");
}

Value double_of_int(Arguments a) {
  return Value::of_double(static_cast<double>(a[0].as_int()));
}
Value double_of_uint(Arguments a) {
  return Value::of_double(static_cast<double>(a[0].as_uint()));
}
Value double_of_string(Arguments a) {
  auto value = read_double(a[0].as_string());
  return value ? Value::of_double(*value) : unreadable("double");
}

Value bool_of_string(Arguments a) {
  std::string_view text = a[0].as_string();
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return Value::of_bool(true);
  }
  for (std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return Value::of_bool(false);
  }
  return unreadable("bool");
}

Value string_of_bool(Arguments a) {
  return Value::string_view(a[0].as_bool() ? "true" : "false");
}
Value string_of_int(Arguments a) {
  return Value::of_string(std::to_string(a[0].as_int()));
}
Value string_of_uint(Arguments a) {
  return Value::of_string(std::to_string(a[0].as_uint()));
}
Value string_of_double(Arguments a) {
  return Value::of_string(text_of_double(a[0].as_double()));
}
Value string_of_timestamp(Arguments a) {
  return Value::of_string(text_of_timestamp(a[0].as_timestamp()));
}
Value string_of_duration(Arguments a) {
  return Value::of_string(text_of_duration(a[0].as_duration_ns()));
}
Value string_of_bytes(Arguments a) {
  if (!base::is_valid_utf8(a[0].as_string())) return Value::error("invalid UTF-8 in bytes, cannot convert to string");
  return Value::of_string(std::string(a[0].as_string()));
}
Value bytes_of_string(Arguments a) {
  return Value::of_bytes(std::string(a[0].as_string()));
}

Value timestamp_of_string(Arguments a) {
  auto time = read_timestamp(a[0].as_string());
  return time ? Value::of_timestamp(*time) : unreadable("google.protobuf.Timestamp");
}
Value timestamp_of_int(Arguments a) {
  int64_t seconds = a[0].as_int();
  if (seconds < kMinTimestamp || seconds > kMaxTimestamp) return Value::error("timestamp overflow");
  return Value::of_timestamp({seconds, 0});
}
Value duration_of_string(Arguments a) {
  auto ns = read_duration(a[0].as_string());
  return ns ? Value::of_duration(*ns) : unreadable("google.protobuf.Duration");
}
Value duration_of_int(Arguments a) {
  return Value::of_duration(a[0].as_int());
}

}  // namespace

void add_conversions(Functions& f) {
  TypeRef any = type_parameter("A");
  f.global("dyn", "to_dyn", {any}, dyn_type(), same);
  f.global("type", "type", {any}, type_type(any), type_of);

  f.global("int", "int64_to_int64", {int_type()}, int_type(), same);
  f.global("int", "uint64_to_int64", {uint_type()}, int_type(), int_of_uint);
  f.global("int", "double_to_int64", {double_type()}, int_type(), int_of_double);
  f.global("int", "string_to_int64", {string_type()}, int_type(), int_of_string);
  f.global("int", "timestamp_to_int64", {timestamp_type()}, int_type(), int_of_timestamp);
  f.global("int", "duration_to_int64", {duration_type()}, int_type(), int_of_duration);

  f.global("uint", "uint64_to_uint64", {uint_type()}, uint_type(), same);
  f.global("uint", "int64_to_uint64", {int_type()}, uint_type(), uint_of_int);
  f.global("uint", "double_to_uint64", {double_type()}, uint_type(), uint_of_double);
  f.global("uint", "string_to_uint64", {string_type()}, uint_type(), uint_of_string);

  f.global("double", "double_to_double", {double_type()}, double_type(), same);
  f.global("double", "int64_to_double", {int_type()}, double_type(), double_of_int);
  f.global("double", "uint64_to_double", {uint_type()}, double_type(), double_of_uint);
  f.global("double", "string_to_double", {string_type()}, double_type(), double_of_string);

  f.global("bool", "bool_to_bool", {bool_type()}, bool_type(), same);
  f.global("bool", "string_to_bool", {string_type()}, bool_type(), bool_of_string);

  f.global("string", "string_to_string", {string_type()}, string_type(), same);
  f.global("string", "bool_to_string", {bool_type()}, string_type(), string_of_bool);
  f.global("string", "int64_to_string", {int_type()}, string_type(), string_of_int);
  f.global("string", "uint64_to_string", {uint_type()}, string_type(), string_of_uint);
  f.global("string", "double_to_string", {double_type()}, string_type(), string_of_double);
  f.global("string", "bytes_to_string", {bytes_type()}, string_type(), string_of_bytes, CallCost::FromBytes);
  f.global("string", "timestamp_to_string", {timestamp_type()}, string_type(), string_of_timestamp);
  f.global("string", "duration_to_string", {duration_type()}, string_type(), string_of_duration);

  f.global("bytes", "bytes_to_bytes", {bytes_type()}, bytes_type(), same);
  f.global("bytes", "string_to_bytes", {string_type()}, bytes_type(), bytes_of_string, CallCost::ToBytes);

  f.global("timestamp", "timestamp_to_timestamp", {timestamp_type()}, timestamp_type(), same);
  f.global("timestamp", "int64_to_timestamp", {int_type()}, timestamp_type(), timestamp_of_int);
  f.global("timestamp", "string_to_timestamp", {string_type()}, timestamp_type(), timestamp_of_string);
  f.global("duration", "duration_to_duration", {duration_type()}, duration_type(), same);
  f.global("duration", "int64_to_duration", {int_type()}, duration_type(), duration_of_int);
  f.global("duration", "string_to_duration", {string_type()}, duration_type(), duration_of_string);
}

}  // namespace cel::library
