#include "cel/parser.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.h"
#include "cel/lexer.h"
#include "cel/literal.h"
#include "cel/macros.h"

namespace cel {
namespace {

constexpr int kMaxDepth = 250;         // of parentheses and the like
constexpr uint32_t kMaxHeight = 1000;  // of the tree; macros add to it
constexpr std::array<std::string_view, 17> kReserved = {"as",        "break",  "const",  "continue", "else", "for",
                                                        "function",  "if",     "import", "let",      "loop", "package",
                                                        "namespace", "return", "var",    "void",     "while"};

constexpr TokenSet kFirst = set_of(Token::LeftBracket, Token::LeftBrace, Token::LeftParen, Token::Dot, Token::Minus,
                                   Token::Exclamation, Token::True, Token::False, Token::Null, Token::Double,
                                   Token::Int, Token::Uint, Token::String, Token::Bytes, Token::Identifier);
constexpr TokenSet kRelations = set_of(Token::Less, Token::LessEquals, Token::GreaterEquals, Token::Greater,
                                       Token::Equals, Token::NotEquals, Token::In);
constexpr TokenSet kProducts = set_of(Token::Star, Token::Slash, Token::Percent);
constexpr TokenSet kSums = set_of(Token::Plus, Token::Minus);
constexpr TokenSet kMembers = set_of(Token::Dot, Token::LeftBracket);
// What may follow an operand inside an expression.
constexpr TokenSet kOperators =
    kRelations | kProducts | kSums | kMembers | set_of(Token::And, Token::Or, Token::Question);

// A descent with the error recovery that upstream's generated parser has: one surplus token is skipped, one missing is
// made up, and otherwise tokens are skipped until one that may follow. `follow` is what may come after what is being
// parsed.
class Parser {
 public:
  Parser(const Source& source, std::vector<Lexeme> lexemes, Issues& issues)
      : source_(source), lexemes_(std::move(lexemes)), issues_(issues) {}

  ExpressionPtr run() {
    ExpressionPtr expression = expr(set_of(Token::End));
    if (!too_deep_) expect(Token::End, 0);
    return expression;
  }
  bool too_deep() const { return too_deep_; }

 private:
  Token token(size_t ahead = 0) const { return lexeme(ahead).token; }
  const Lexeme& lexeme(size_t ahead = 0) const { return lexemes_[std::min(at_ + ahead, lexemes_.size() - 1)]; }
  bool is(TokenSet tokens, size_t ahead = 0) const { return (set_of(token(ahead)) & tokens) != 0; }
  uint32_t here() const { return lexeme().begin; }
  std::string text(const Lexeme& lexeme) const {
    return lexeme.token == Token::End ? "<EOF>" : source_.text(lexeme.begin, lexeme.end);
  }
  uint32_t take() {
    recovering_ = false;
    uint32_t offset = here();
    if (at_ + 1 < lexemes_.size()) ++at_;
    return offset;
  }
  void skip() {
    if (at_ + 1 < lexemes_.size()) ++at_;
  }

  void complain(uint32_t offset, std::string message) {
    if (!recovering_) issues_.add_syntax(offset, std::move(message));
    recovering_ = true;
  }
  void mismatched(TokenSet expected) {
    complain(here(), base::cat({"mismatched input '", text(lexeme()), "' expecting ", describe(expected)}));
  }
  void extraneous(TokenSet expected) {
    complain(here(), base::cat({"extraneous input '", text(lexeme()), "' expecting ", describe(expected)}));
  }
  ExpressionPtr recover(TokenSet follow) {
    while (token() != Token::End && !is(follow)) skip();
    return make_expression(Expression::Kind::Error, here());
  }
  // Whether the token was there, or could be made up. `after` is what may follow it.
  bool expect(Token wanted, TokenSet after) {
    if (token() == wanted) {
      take();
      return true;
    }
    if (token() != Token::End && token(1) == wanted) {
      extraneous(set_of(wanted));
      skip();
      take();
      return true;
    }
    if (is(after)) {
      complain(here(), base::cat({"missing ", describe(set_of(wanted)), " at '", text(lexeme()), "'"}));
      return true;
    }
    mismatched(set_of(wanted));
    return false;
  }
  // Before a choice: one token too many is skipped.
  bool sync(TokenSet expected) {
    if (is(expected)) return true;
    if (recovering_) return false;
    if (token() != Token::End && is(expected, 1)) {
      extraneous(expected);
      skip();
      return true;
    }
    mismatched(expected);
    return false;
  }
  ExpressionPtr error(uint32_t offset, std::string message) {
    issues_.add(offset, std::move(message));
    return make_expression(Expression::Kind::Error, offset);
  }

  ExpressionPtr expr(TokenSet follow) {
    if (too_deep_ || ++depth_ > kMaxDepth) {
      if (!too_deep_) issues_.add(Issues::kNowhere, "expression recursion limit exceeded: 250");
      too_deep_ = true;
      at_ = lexemes_.size() - 1;
      recovering_ = true;
      return make_expression(Expression::Kind::Error, here());
    }
    ExpressionPtr result = conditional(follow);
    --depth_;
    check_height(*result);
    return result;
  }
  // Whoever walks the tree does so by recursion.
  void check_height(const Expression& expression) {
    if (expression.height <= kMaxHeight || too_deep_) return;
    issues_.add(Issues::kNowhere, "max recursion depth exceeded");
    too_deep_ = true;
    recovering_ = true;
    at_ = lexemes_.size() - 1;
  }

  ExpressionPtr conditional(TokenSet follow) {
    ExpressionPtr condition = either(follow | set_of(Token::Question));
    if (token() != Token::Question) return condition;
    uint32_t offset = take();
    ExpressionPtr yes = either(follow | set_of(Token::Colon));
    if (!expect(Token::Colon, kFirst)) return recover(follow);
    ExpressionPtr no = expr(follow);
    return call(offset, "_?_:_", std::move(condition), std::move(yes), std::move(no));
  }

  // Long chains become balanced trees, so that they are not deep.
  struct Chain {
    std::vector<ExpressionPtr> terms;
    std::vector<uint32_t> offsets;
    std::string function;

    ExpressionPtr balanced(size_t low, size_t high) {
      size_t middle = (low + high + 1) / 2;
      ExpressionPtr left = middle == low ? std::move(terms[middle]) : balanced(low, middle - 1);
      ExpressionPtr right = middle == high ? std::move(terms[middle + 1]) : balanced(middle + 1, high);
      return call(offsets[middle], function, std::move(left), std::move(right));
    }
    ExpressionPtr tree() { return offsets.empty() ? std::move(terms[0]) : balanced(0, offsets.size() - 1); }
  };
  ExpressionPtr either(TokenSet follow) {
    Chain chain{.function = "_||_"};
    chain.terms.push_back(both(follow | set_of(Token::Or)));
    while (token() == Token::Or) {
      chain.offsets.push_back(take());
      chain.terms.push_back(both(follow | set_of(Token::Or)));
    }
    return chain.tree();
  }
  ExpressionPtr both(TokenSet follow) {
    Chain chain{.function = "_&&_"};
    chain.terms.push_back(relation(follow | set_of(Token::And)));
    while (token() == Token::And) {
      chain.offsets.push_back(take());
      chain.terms.push_back(relation(follow | set_of(Token::And)));
    }
    return chain.tree();
  }

  static std::string function_of(Token token) {
    switch (token) {
      case Token::Less:
        return "_<_";
      case Token::LessEquals:
        return "_<=_";
      case Token::GreaterEquals:
        return "_>=_";
      case Token::Greater:
        return "_>_";
      case Token::Equals:
        return "_==_";
      case Token::NotEquals:
        return "_!=_";
      case Token::In:
        return "@in";
      case Token::Star:
        return "_*_";
      case Token::Slash:
        return "_/_";
      case Token::Percent:
        return "_%_";
      case Token::Plus:
        return "_+_";
      default:
        return "_-_";
    }
  }
  template <class Operand>
  ExpressionPtr left_to_right(TokenSet operators, TokenSet follow, Operand operand) {
    ExpressionPtr left = operand(follow | operators);
    while (is(operators)) {
      std::string function = function_of(token());
      uint32_t offset = take();
      ExpressionPtr right = operand(follow | operators);
      left = call(offset, std::move(function), std::move(left), std::move(right));
      check_height(*left);
    }
    return left;
  }
  ExpressionPtr relation(TokenSet follow) {
    return left_to_right(kRelations, follow, [this](TokenSet after) { return sum(after); });
  }
  ExpressionPtr sum(TokenSet follow) {
    return left_to_right(kSums, follow, [this](TokenSet after) { return product(after); });
  }
  ExpressionPtr product(TokenSet follow) {
    return left_to_right(kProducts, follow, [this](TokenSet after) { return unary(after); });
  }

  ExpressionPtr unary(TokenSet follow) {
    if (!sync(kFirst)) return recover(follow);
    if (token() == Token::Exclamation) {
      uint32_t offset = here();
      bool odd = false;
      for (; token() == Token::Exclamation; odd = !odd) take();
      if (!sync(kFirst & ~set_of(Token::Minus))) return recover(follow);
      ExpressionPtr operand = member(follow);
      return odd ? call(offset, "!_", std::move(operand)) : std::move(operand);
    }
    if (token() == Token::Minus && !is(set_of(Token::Int, Token::Double), 1)) {
      uint32_t offset = here();
      bool odd = false;
      for (; token() == Token::Minus; odd = !odd) {
        if (!is(kFirst & ~set_of(Token::Exclamation), 1)) {
          uint32_t begin = here();
          skip();
          std::string seen = source_.text(begin, lexeme().end);
          complain(here(), base::cat({"no viable alternative at input '", seen, "'"}));
          return recover(follow);
        }
        take();
      }
      ExpressionPtr operand = member(follow);
      return odd ? call(offset, "-_", std::move(operand)) : std::move(operand);
    }
    return member(follow);
  }

  ExpressionPtr member(TokenSet follow) {
    ExpressionPtr operand = primary(follow | kMembers);
    while (is(kMembers)) {
      check_height(*operand);
      if (token() == Token::LeftBracket) {
        operand = index(std::move(operand), follow);
        continue;
      }
      if (!is(set_of(Token::Identifier, Token::EscapedIdentifier, Token::Question), 1)) {
        uint32_t begin = here();
        skip();
        if (is(set_of(Token::True, Token::False, Token::Null))) {
          mismatched(set_of(Token::Identifier));
        } else {
          std::string seen = source_.text(begin, lexeme().end);
          complain(here(), base::cat({"no viable alternative at input '", seen, "'"}));
        }
        return recover(follow);
      }
      uint32_t dot = take();
      bool optional = token() == Token::Question;
      if (optional) take();
      if (!is(set_of(Token::Identifier, Token::EscapedIdentifier))) {
        mismatched(set_of(Token::Identifier, Token::EscapedIdentifier));
        return recover(follow);
      }
      bool escaped = token() == Token::EscapedIdentifier;
      uint32_t place = here();
      std::string name = text(lexeme());
      take();
      if (escaped) {
        operand = error(place, "unsupported syntax: '`'");
      } else if (optional) {
        // The field is a string beside the operand.
        operand = call(dot, "_?._", std::move(operand), make_literal(place, Value::of_string(std::move(name))));
      } else if (token() == Token::LeftParen) {
        uint32_t open = take();
        std::vector<ExpressionPtr> arguments;
        if (!argument_list(arguments, follow | kMembers)) return recover(follow);
        operand = expand_macro(member_call(open, std::move(name), std::move(operand), std::move(arguments)), issues_);
      } else {
        auto select = make_expression(Expression::Kind::Select, dot);
        select->name = std::move(name);
        rise(*select, *operand);
        select->target = std::move(operand);
        operand = std::move(select);
      }
    }
    return operand;
  }

  ExpressionPtr index(ExpressionPtr operand, TokenSet follow) {
    uint32_t open = take();
    bool optional = token() == Token::Question;
    if (optional) take();
    ExpressionPtr key = expr(follow | set_of(Token::RightBracket));
    if (!expect(Token::RightBracket, follow | kOperators)) return recover(follow);
    return call(open, optional ? "_[?_]" : "_[_]", std::move(operand), std::move(key));
  }

  // What stands between parentheses, and the closing one.
  bool argument_list(std::vector<ExpressionPtr>& arguments, TokenSet follow) {
    if (!sync(kFirst | set_of(Token::RightParen))) return false;
    if (token() != Token::RightParen) {
      while (true) {
        arguments.push_back(expr(follow | set_of(Token::Comma, Token::RightParen)));
        if (token() != Token::Comma) break;
        take();
      }
    }
    return expect(Token::RightParen, follow | kOperators);
  }

  // Whether names with dots between and a brace after them come next.
  bool object_follows() const {
    size_t ahead = token() == Token::Dot ? 1 : 0;
    while (token(ahead) == Token::Identifier) {
      if (token(ahead + 1) == Token::LeftBrace) return true;
      if (token(ahead + 1) != Token::Dot) return false;
      ahead += 2;
    }
    return false;
  }

  ExpressionPtr primary(TokenSet follow) {
    switch (token()) {
      case Token::Dot:
      case Token::Identifier:
        return object_follows() ? object(follow) : name_or_call(follow);
      case Token::LeftParen: {
        take();
        ExpressionPtr inner = expr(follow | set_of(Token::RightParen));
        if (!expect(Token::RightParen, follow | kOperators)) return recover(follow);
        return inner;
      }
      case Token::LeftBracket:
        return list(follow);
      case Token::LeftBrace:
        return map(follow);
      default:
        return literal(follow);
    }
  }

  ExpressionPtr name_or_call(TokenSet follow) {
    uint32_t start = here();
    std::string name;
    if (token() == Token::Dot) {
      take();
      name = ".";
      if (token() != Token::Identifier) {
        std::string seen = source_.text(start, lexeme().end);
        complain(here(), base::cat({"no viable alternative at input '", seen, "'"}));
        return recover(follow);
      }
    }
    std::string word = text(lexeme());
    uint32_t place = take();
    bool reserved = std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
    name += word;
    if (token() != Token::LeftParen) {
      return reserved ? error(start, "reserved identifier: " + word) : make_name(place, std::move(name));
    }
    uint32_t open = take();
    std::vector<ExpressionPtr> arguments;
    if (!argument_list(arguments, follow)) return recover(follow);
    if (reserved) return error(start, "reserved identifier: " + word);
    return expand_macro(make_call(open, std::move(name), std::move(arguments)), issues_);
  }

  static void mark_optional(Expression& holder, size_t entry) {
    holder.optional_entries.resize(entry + 1);
    holder.optional_entries[entry] = true;
  }

  // What lists, maps and objects share, after the opening token: entries, each perhaps marked as optional, with commas
  // between them and perhaps one after the last. `entry` parses one, and says whether it could.
  template <class Entry>
  ExpressionPtr entries(ExpressionPtr made, TokenSet first, Token close, TokenSet follow, Entry entry) {
    if (!sync(first | set_of(Token::Question, Token::Comma, close))) return recover(follow);
    size_t count = 0;
    while (token() != close && token() != Token::Comma) {
      if (token() == Token::Question) {
        take();
        mark_optional(*made, count);
      }
      if (!entry(*made)) return recover(follow);
      count++;
      if (token() != Token::Comma || token(1) == close) break;
      take();
    }
    if (token() == Token::Comma) take();
    if (!expect(close, follow | kOperators)) return recover(follow);
    if (!made->optional_entries.empty()) made->optional_entries.resize(count);
    return made;
  }

  // An expression as the next argument of `made`.
  void argument(Expression& made, TokenSet follow) {
    ExpressionPtr value = expr(follow);
    rise(made, *value);
    made.arguments.push_back(std::move(value));
  }

  // The colon of an entry of a map or an object, and what follows it.
  bool entry_value(Expression& made, TokenSet follow) {
    uint32_t colon = here();
    if (!expect(Token::Colon, kFirst)) return false;
    made.entry_offsets.push_back(colon);
    argument(made, follow);
    return true;
  }

  ExpressionPtr list(TokenSet follow) {
    auto made = make_expression(Expression::Kind::List, take());
    TokenSet after = follow | set_of(Token::Comma, Token::RightBracket);
    return entries(std::move(made), kFirst, Token::RightBracket, follow, [&](Expression& list) {
      argument(list, after);
      return true;
    });
  }

  ExpressionPtr map(TokenSet follow) {
    auto made = make_expression(Expression::Kind::Map, take());
    TokenSet after = follow | set_of(Token::Comma, Token::RightBrace);
    return entries(std::move(made), kFirst, Token::RightBrace, follow, [&](Expression& map) {
      argument(map, after | set_of(Token::Colon));
      return entry_value(map, after);
    });
  }

  ExpressionPtr object(TokenSet follow) {
    std::string name;
    while (token() != Token::LeftBrace) {
      name += text(lexeme());
      take();
    }
    auto made = make_expression(Expression::Kind::Object, take());
    made->name = std::move(name);
    constexpr TokenSet kField = set_of(Token::Identifier, Token::EscapedIdentifier);
    TokenSet after = follow | set_of(Token::Comma, Token::RightBrace);
    return entries(std::move(made), kField, Token::RightBrace, follow, [&](Expression& object) {
      if (!is(kField)) {
        mismatched(kField);
        return false;
      }
      if (token() == Token::EscapedIdentifier) issues_.add(here(), "unsupported syntax: '`'");
      object.field_names.push_back(text(lexeme()));
      take();
      return entry_value(object, after);
    });
  }

  ExpressionPtr literal(TokenSet follow) {
    uint32_t start = here();
    std::string digits;
    if (token() == Token::Minus && is(set_of(Token::Int, Token::Double), 1)) {
      take();
      digits = "-";
    }
    Token kind = token();
    std::string word = text(lexeme());
    if (!is(kFirst & ~set_of(Token::Minus, Token::Exclamation))) {
      sync(kFirst & ~set_of(Token::Minus, Token::Exclamation));
      return recover(follow);
    }
    take();
    switch (kind) {
      case Token::True:
        return make_literal(start, Value::of_bool(true));
      case Token::False:
        return make_literal(start, Value::of_bool(false));
      case Token::Null:
        return make_literal(start, Value::null());
      case Token::Int:
        if (auto value = read_int_literal(digits + word)) return make_literal(start, Value::of_int(*value));
        return error(start, "invalid int literal");
      case Token::Uint:
        if (auto value = read_uint_literal(word)) return make_literal(start, Value::of_uint(*value));
        return error(start, "invalid uint literal");
      case Token::Double:
        if (auto value = read_double_literal(digits + word)) return make_literal(start, Value::of_double(*value));
        return error(start, "invalid double literal");
      default: {
        bool bytes = kind == Token::Bytes;
        std::optional<std::string> content = unquote(std::string_view(word).substr(bytes ? 1 : 0), bytes);
        if (!content) return error(start, "unable to unescape string");
        return make_literal(start,
                            bytes ? Value::of_bytes(std::move(*content)) : Value::of_string(std::move(*content)));
      }
    }
  }

  const Source& source_;
  std::vector<Lexeme> lexemes_;
  Issues& issues_;
  size_t at_ = 0;
  int depth_ = 0;
  bool recovering_ = false;
  bool too_deep_ = false;
};

}  // namespace

ExpressionPtr parse(const Source& source, Issues& issues) {
  Parser parser(source, tokenize(source, issues), issues);
  return parser.run();
}

}  // namespace cel
