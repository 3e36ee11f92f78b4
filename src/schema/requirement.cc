#include "schema/requirement.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "schema/field_error.h"
#include "schema/names.h"
#include "schema/value.h"

namespace schema {

namespace {

using base::cat;
using base::Code;
using base::Result;
using Operator = Requirement::Operator;

enum class Kind : uint8_t {
  End,
  Word,
  In,
  NotIn,
  Open,
  Close,
  Comma,
  Bang,
  Equals,
  DoubleEquals,
  NotEquals,
  Greater,
  Less,
  Error,
};

struct Token {
  Kind kind;
  std::string text;
};

bool is_special(char c) {
  return std::string_view("=!(),><").find(c) != std::string_view::npos;
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

Kind symbol(std::string_view text) {
  static constexpr std::pair<std::string_view, Kind> kSymbols[] = {
      {")", Kind::Close},         {"(", Kind::Open},       {",", Kind::Comma},   {"!", Kind::Bang}, {"=", Kind::Equals},
      {"==", Kind::DoubleEquals}, {"!=", Kind::NotEquals}, {">", Kind::Greater}, {"<", Kind::Less}};
  for (auto& [name, kind] : kSymbols) {
    if (name == text) return kind;
  }
  return Kind::Error;
}

std::vector<Token> scan(std::string_view text) {
  std::vector<Token> tokens;
  while (true) {
    while (!text.empty() && is_space(text[0])) text.remove_prefix(1);
    if (text.empty()) break;
    size_t length = 0;
    if (is_special(text[0])) {
      length = text.size() > 1 && symbol(text.substr(0, 2)) != Kind::Error ? 2 : 1;
      tokens.push_back({symbol(text.substr(0, length)), std::string(text.substr(0, length))});
    } else {
      while (length < text.size() && !is_special(text[length]) && !is_space(text[length])) ++length;
      std::string_view word = text.substr(0, length);
      tokens.push_back({word == "in" ? Kind::In : word == "notin" ? Kind::NotIn : Kind::Word, std::string(word)});
    }
    text.remove_prefix(length);
  }
  tokens.push_back({Kind::End, ""});
  return tokens;
}

Result<void> check_key(std::string_view key, const FieldPath& path) {
  Problems problems = check_qualified_name(key);
  if (problems.empty()) return {};
  return base::fail(Code::BadRequest, FieldError::invalid(path, key, base::join(problems, "; ")).to_string());
}

class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(scan(text)) {}

  Result<std::vector<Requirement>> parse() {
    std::vector<Requirement> requirements;
    while (true) {
      Token next = peek();
      if (next.kind == Kind::End) break;
      if (next.kind != Kind::Word && next.kind != Kind::Bang) {
        return found(next, "', expected: !, identifier, or 'end of string'");
      }
      auto requirement = parse_requirement();
      if (!requirement)
        return base::fail(Code::BadRequest, cat({"unable to parse requirement: ", requirement.error().message()}));
      requirements.push_back(*std::move(requirement));
      Token separator = take();
      if (separator.kind == Kind::End) break;
      if (separator.kind != Kind::Comma) return found(separator, "', expected: ',' or 'end of string'");
      Token after = peek();
      if (after.kind != Kind::Word && after.kind != Kind::Bang)
        return found(after, "', expected: identifier after ','");
    }
    std::ranges::sort(requirements, {}, &Requirement::key);
    return requirements;
  }

 private:
  static std::unexpected<base::Error> found(const Token& token, std::string_view expected) {
    return base::fail(Code::BadRequest, cat({"found '", token.text, expected}));
  }

  // Among values and keys, `in` and `notin` are ordinary words.
  Token peek() const {
    Token token = tokens_[at_];
    if (token.kind == Kind::In || token.kind == Kind::NotIn) token.kind = Kind::Word;
    return token;
  }
  Token take() {
    Token token = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }

  Result<Requirement> parse_requirement() {
    Token key = take();
    bool absent = key.kind == Kind::Bang;
    if (absent) key = take();
    if (key.kind != Kind::Word) return found(key, "', expected: identifier");
    TRY(check_key(key.text, FieldPath()));
    Kind next = peek().kind;
    if (absent) return make_requirement(key.text, Operator::DoesNotExist, {});
    if (next == Kind::End || next == Kind::Comma) return make_requirement(key.text, Operator::Exists, {});
    TRY(Operator op, parse_operator());
    bool set = op == Operator::In || op == Operator::NotIn;
    TRY(auto values, (set ? parse_values() : parse_value()));
    return make_requirement(key.text, op, std::move(values));
  }

  Result<Operator> parse_operator() {
    Token token = tokens_[at_];
    take();
    switch (token.kind) {
      case Kind::In:
        return Operator::In;
      case Kind::NotIn:
        return Operator::NotIn;
      case Kind::Equals:
        return Operator::Equals;
      case Kind::DoubleEquals:
        return Operator::DoubleEquals;
      case Kind::NotEquals:
        return Operator::NotEquals;
      case Kind::Greater:
        return Operator::GreaterThan;
      case Kind::Less:
        return Operator::LessThan;
      default:
        return found(token, "', expected: in, notin, =, ==, !=, gt, lt");
    }
  }

  Result<std::vector<std::string>> parse_value() {
    Token next = peek();
    if (next.kind == Kind::End || next.kind == Kind::Comma) return std::vector<std::string>{""};
    take();
    if (next.kind != Kind::Word) return found(next, "', expected: identifier");
    return std::vector<std::string>{next.text};
  }

  // "(a,b)"; an empty place is the empty value.
  Result<std::vector<std::string>> parse_values() {
    Token open = take();
    if (open.kind != Kind::Open) return found(open, "' expected: '('");
    Token first = peek();
    if (first.kind == Kind::Close) {
      take();
      return std::vector<std::string>{""};
    }
    if (first.kind != Kind::Word && first.kind != Kind::Comma)
      return found(first, "', expected: ',', ')' or identifier");
    std::vector<std::string> values;
    while (true) {
      Token token = take();
      if (token.kind == Kind::Word) {
        values.push_back(token.text);
        Token after = peek();
        if (after.kind == Kind::Close) break;
        if (after.kind != Kind::Comma) return found(after, "', expected: ',' or ')'");
      } else if (token.kind == Kind::Comma) {
        if (values.empty()) values.emplace_back();
        Token after = peek();
        if (after.kind == Kind::Close) {
          values.emplace_back();
          break;
        }
        if (after.kind == Kind::Comma) {
          take();
          values.emplace_back();
        }
      } else {
        return found(token, "', expected: ',', or identifier");
      }
    }
    take();  // the parenthesis
    return values;
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Requirement>> parse_requirements(std::string_view text) {
  return Parser(text).parse();
}

Result<Requirement> make_requirement(std::string key, Operator op, std::vector<std::string> values) {
  FieldErrors errors;
  FieldPath values_path("values");
  if (Problems problems = check_qualified_name(key); !problems.empty()) {
    errors.push_back(FieldError::invalid(FieldPath("key"), key, base::join(problems, "; ")));
  }
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
  auto shown = [&] {
    Value::Array list(values.begin(), values.end());
    return BadValue(Value(std::move(list)));
  };
  switch (op) {
    case Operator::In:
    case Operator::NotIn:
      if (values.empty()) {
        errors.push_back(
            FieldError::invalid(values_path, shown(), "for 'in', 'notin' operators, values set can't be empty"));
      }
      break;
    case Operator::Equals:
    case Operator::DoubleEquals:
    case Operator::NotEquals:
      if (values.size() != 1) {
        errors.push_back(
            FieldError::invalid(values_path, shown(), "exact-match compatibility requires one single value"));
      }
      break;
    case Operator::Exists:
    case Operator::DoesNotExist:
      if (!values.empty()) {
        errors.push_back(
            FieldError::invalid(values_path, shown(), "values set must be empty for exists and does not exist"));
      }
      break;
    case Operator::GreaterThan:
    case Operator::LessThan:
      if (values.size() != 1) {
        errors.push_back(
            FieldError::invalid(values_path, shown(), "for 'Gt', 'Lt' operators, exactly one value is required"));
      }
      for (size_t i = 0; i < values.size(); ++i) {
        if (base::parse_int(values[i])) continue;
        errors.push_back(FieldError::invalid(values_path.index(i), values[i],
                                             "for 'Gt', 'Lt' operators, the value must be an integer"));
      }
      break;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    Problems problems = check_label_value(values[i]);
    if (problems.empty()) continue;
    errors.push_back(FieldError::invalid(values_path.index(i).key(key), values[i], base::join(problems, "; ")));
  }
  if (!errors.empty()) return base::fail(Code::BadRequest, to_string(errors));
  return Requirement{std::move(key), op, std::move(values)};
}

}  // namespace schema
