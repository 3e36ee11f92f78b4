#include "cel/regex.h"

#include <re2/re2.h>

#include <memory>
#include <unordered_map>

#include "base/strings.h"

namespace cel {
namespace {

constexpr size_t kKept = 64;  // per thread
constexpr int64_t kMaxBytes = 2 << 20;

}  // namespace

const re2::RE2* find_regex(std::string_view pattern) {
  thread_local std::unordered_map<std::string, std::unique_ptr<re2::RE2>> kept;
  thread_local std::string key;
  key.assign(pattern);
  auto found = kept.find(key);
  if (found == kept.end()) {
    if (kept.size() >= kKept) kept.clear();
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kMaxBytes);
    found = kept.emplace(key, std::make_unique<re2::RE2>(key, options)).first;
  }
  return found->second->ok() ? found->second.get() : nullptr;
}

std::string regex_error(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxBytes);
  re2::RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), options);
  std::string_view reason = "invalid regexp";
  switch (regex.error_code()) {
    case re2::RE2::NoError:
      return {};
    case re2::RE2::ErrorBadEscape:
      reason = "invalid escape sequence";
      break;
    case re2::RE2::ErrorBadCharClass:
      reason = "invalid character class";
      break;
    case re2::RE2::ErrorBadCharRange:
      reason = "invalid character class range";
      break;
    case re2::RE2::ErrorMissingBracket:
      reason = "missing closing ]";
      break;
    case re2::RE2::ErrorMissingParen:
      reason = "missing closing )";
      break;
    case re2::RE2::ErrorTrailingBackslash:
      return "error parsing regexp: trailing backslash at end of expression: ``";
    case re2::RE2::ErrorRepeatArgument:
      reason = "missing argument to repetition operator";
      break;
    case re2::RE2::ErrorRepeatSize:
      reason = "invalid repeat count";
      break;
    case re2::RE2::ErrorRepeatOp:
      reason = "invalid nested repetition operator";
      break;
    case re2::RE2::ErrorBadPerlOp:
      reason = "invalid or unsupported Perl syntax";
      break;
    case re2::RE2::ErrorBadUTF8:
      reason = "invalid UTF-8";
      break;
    case re2::RE2::ErrorBadNamedCapture:
      reason = "invalid named capture";
      break;
    case re2::RE2::ErrorPatternTooLarge:
      return "error parsing regexp: expression too large";
    default:
      break;
  }
  std::string argument = regex.error_arg();
  if (regex.error_code() == re2::RE2::ErrorMissingParen || argument.empty()) argument = pattern;
  return base::cat({"error parsing regexp: ", reason, ": `", argument, "`"});
}

}  // namespace cel
