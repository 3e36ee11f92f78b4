#include "names.h"

#include <cctype>
#include <map>
#include <set>

namespace {

bool upper(char c) {
  return isupper(static_cast<unsigned char>(c)) != 0;
}
bool lower(char c) {
  return islower(static_cast<unsigned char>(c)) != 0;
}

// Where acronyms stand side by side, and no rule tells them apart.
const std::map<std::string_view, std::string_view> kExceptions = {
    {"openAPIV3Schema", "open_api_v3_schema"},
    {"kubeAPIQPS", "kube_api_qps"},
    {"kubeAPIBurst", "kube_api_burst"},
    {"makeIPTablesUtilChains", "make_iptables_util_chains"},
};

const std::set<std::string_view> kKeywords = {
    "alignas",   "alignof",   "and",      "and_eq",   "asm",       "auto",     "bitand",   "bitor",   "bool",
    "break",     "case",      "catch",    "char",     "class",     "compl",    "concept",  "const",   "consteval",
    "constexpr", "constinit", "continue", "co_await", "co_return", "co_yield", "decltype", "default", "delete",
    "do",        "double",    "else",     "enum",     "explicit",  "export",   "extern",   "false",   "float",
    "for",       "friend",    "goto",     "if",       "inline",    "int",      "long",     "mutable", "namespace",
    "new",       "noexcept",  "not",      "not_eq",   "nullptr",   "operator", "or",       "or_eq",   "private",
    "protected", "public",    "register", "requires", "return",    "short",    "signed",   "sizeof",  "static",
    "struct",    "switch",    "template", "this",     "throw",     "true",     "try",      "typedef", "typeid",
    "typename",  "union",     "unsigned", "using",    "virtual",   "void",     "volatile", "while",   "xor",
    "xor_eq",
};

// An acronym in the plural ends in a small s: the "IPs" of "podIPs", not the "Host" of "IPHost".
bool plural_ends_at(std::string_view name, size_t i) {
  return name[i] == 's' && (i + 1 == name.size() || !lower(name[i + 1]));
}

}  // namespace

std::string member_name(std::string_view name) {
  if (auto known = kExceptions.find(name); known != kExceptions.end()) return std::string(known->second);
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    if (!isalnum(static_cast<unsigned char>(c))) {
      if (!out.empty() && out.back() != '_') out += '_';
      continue;
    }
    bool starts_word = false;
    if (upper(c) && i > 0) {
      bool next_is_lower = i + 1 < name.size() && lower(name[i + 1]) && !plural_ends_at(name, i + 1);
      starts_word = !upper(name[i - 1]) || next_is_lower;
    }
    if (starts_word && !out.empty() && out.back() != '_') out += '_';
    out += static_cast<char>(tolower(c));
  }
  if (kKeywords.contains(out)) out += '_';
  return out;
}

std::string unit_name(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return out;
}

std::string enumerator_name(std::string_view name) {
  for (char c : name) {
    if (lower(c)) return std::string(name);
  }
  std::string out;
  bool word_starts = true;
  for (char c : name) {
    if (c == '_') {
      word_starts = true;
    } else {
      out += static_cast<char>(word_starts ? c : tolower(c));
      word_starts = false;
    }
  }
  return out;
}

std::string literal(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + '"';
}
