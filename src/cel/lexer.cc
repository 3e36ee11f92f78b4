#include "cel/lexer.h"

#include <array>
#include <bit>

#include "base/strings.h"

namespace cel {
namespace {

constexpr std::array<std::string_view, 36> kNames = {
    "<EOF>",   "'=='",   "'!='",      "'in'",    "'<'",      "'<='",   "'>='",  "'>'",        "'&&'",
    "'||'",    "'['",    "']'",       "'{'",     "'}'",      "'('",    "')'",   "'.'",        "','",
    "'-'",     "'!'",    "'?'",       "':'",     "'+'",      "'*'",    "'/'",   "'%'",        "'true'",
    "'false'", "'null'", "NUM_FLOAT", "NUM_INT", "NUM_UINT", "STRING", "BYTES", "IDENTIFIER", "ESC_IDENTIFIER"};

bool is_digit(char32_t c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char32_t c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_letter(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

class Lexer {
 public:
  Lexer(const Source& source, Issues& issues) : source_(source), text_(source.characters()), issues_(issues) {}

  std::vector<Lexeme> run() {
    while (true) {
      skip_blank();
      begin_ = at_;
      if (at_ >= text_.size()) break;
      if (!next()) {
        // At least one character, and what was looked at before it went wrong.
        size_t end = std::max(at_ + 1, begin_ + 1);
        end = std::min(end, text_.size());
        issues_.add_syntax(begin_,
                           base::cat({"token recognition error at: '", escape(source_.text(begin_, end)), "'"}));
        at_ = end;
      }
    }
    lexemes_.push_back({Token::End, static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(text_.size())});
    return std::move(lexemes_);
  }

 private:
  char32_t peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : 0; }
  bool at_end() const { return at_ >= text_.size(); }

  static std::string escape(const std::string& text) {
    std::string out;
    for (char c : text) {
      if (c == '\n')
        out += "\\n";
      else if (c == '\t')
        out += "\\t";
      else if (c == '\r')
        out += "\\r";
      else
        out += c;
    }
    return out;
  }

  void skip_blank() {
    while (!at_end()) {
      char32_t c = peek();
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f') {
        ++at_;
      } else if (c == '/' && peek(1) == '/') {
        while (!at_end() && peek() != '\n') ++at_;
      } else {
        return;
      }
    }
  }

  bool push(Token token, size_t length) {
    at_ += length;
    lexemes_.push_back({token, static_cast<uint32_t>(begin_), static_cast<uint32_t>(at_)});
    return true;
  }

  // On failure at_ stands on the character that did not fit.
  bool next() {
    char32_t c = peek();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '"' || c == '\'') return string(Token::String, false);
    if (is_letter(c)) return word();
    switch (c) {
      case '=':
        return peek(1) == '=' ? push(Token::Equals, 2) : fail_after(1);
      case '&':
        return peek(1) == '&' ? push(Token::And, 2) : fail_after(1);
      case '|':
        return peek(1) == '|' ? push(Token::Or, 2) : fail_after(1);
      case '!':
        return peek(1) == '=' ? push(Token::NotEquals, 2) : push(Token::Exclamation, 1);
      case '<':
        return peek(1) == '=' ? push(Token::LessEquals, 2) : push(Token::Less, 1);
      case '>':
        return peek(1) == '=' ? push(Token::GreaterEquals, 2) : push(Token::Greater, 1);
      case '[':
        return push(Token::LeftBracket, 1);
      case ']':
        return push(Token::RightBracket, 1);
      case '{':
        return push(Token::LeftBrace, 1);
      case '}':
        return push(Token::RightBrace, 1);
      case '(':
        return push(Token::LeftParen, 1);
      case ')':
        return push(Token::RightParen, 1);
      case '.':
        return push(Token::Dot, 1);
      case ',':
        return push(Token::Comma, 1);
      case '-':
        return push(Token::Minus, 1);
      case '?':
        return push(Token::Question, 1);
      case ':':
        return push(Token::Colon, 1);
      case '+':
        return push(Token::Plus, 1);
      case '*':
        return push(Token::Star, 1);
      case '/':
        return push(Token::Slash, 1);
      case '%':
        return push(Token::Percent, 1);
      case '`':
        return escaped_identifier();
      default:
        return false;
    }
  }
  bool fail_after(size_t length) {
    at_ += length;
    return false;
  }

  bool number() {
    if (peek() == '0' && peek(1) == 'x' && is_hex(peek(2))) {
      at_ += 2;
      while (is_hex(peek())) ++at_;
      return peek() == 'u' || peek() == 'U' ? push(Token::Uint, 1) : push(Token::Int, 0);
    }
    bool whole = true;
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && is_digit(peek(1))) {
      whole = false;
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    if (peek() == 'e' || peek() == 'E') {
      size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (is_digit(peek(1 + sign))) {
        whole = false;
        at_ += 1 + sign;
        while (is_digit(peek())) ++at_;
      }
    }
    if (!whole) return push(Token::Double, 0);
    return peek() == 'u' || peek() == 'U' ? push(Token::Uint, 1) : push(Token::Int, 0);
  }

  bool word() {
    // Prefixes of strings: r"", b"", br"".
    size_t prefix = 0;
    bool raw = false;
    bool bytes = false;
    char32_t c = peek();
    if (c == 'b' || c == 'B') {
      bytes = true;
      prefix = 1;
    }
    if (char32_t d = peek(prefix); d == 'r' || d == 'R') {
      raw = true;
      ++prefix;
    }
    if (prefix > 0 && (peek(prefix) == '"' || peek(prefix) == '\'')) {
      at_ += prefix;
      return string(bytes ? Token::Bytes : Token::String, raw);
    }
    while (is_letter(peek()) || is_digit(peek())) ++at_;
    size_t length = at_ - begin_;
    Token token = Token::Identifier;
    if (length <= 5) {
      std::string text = source_.text(begin_, at_);
      if (text == "in") token = Token::In;
      if (text == "true") token = Token::True;
      if (text == "false") token = Token::False;
      if (text == "null") token = Token::Null;
    }
    return push(token, 0);
  }

  bool string(Token token, bool raw) {
    char32_t quote = peek();
    if (peek(1) == quote && peek(2) == quote && long_string(token, raw, quote)) return true;
    ++at_;
    while (true) {
      if (at_end()) return false;
      char32_t c = peek();
      if (c == '\n' || c == '\r') return false;
      if (c == quote) return push(token, 1);
      if (c == '\\' && !raw) {
        if (!escape_sequence()) return false;
      } else {
        ++at_;
      }
    }
  }
  bool long_string(Token token, bool raw, char32_t quote) {
    size_t start = at_;
    at_ += 3;
    while (!at_end()) {
      if (peek() == quote && peek(1) == quote && peek(2) == quote) return push(token, 3);
      if (peek() == '\\' && !raw) {
        if (!escape_sequence()) break;
      } else {
        ++at_;
      }
    }
    at_ = start;  // "" and then another string
    return false;
  }
  // Moves past it; on failure at_ stands on the character that does not fit.
  bool escape_sequence() {
    ++at_;
    char32_t c = peek();
    auto digits = [&](size_t count, auto&& fits) {
      ++at_;
      for (size_t i = 0; i < count; ++i, ++at_) {
        if (at_end() || !fits(peek())) return false;
      }
      return true;
    };
    switch (c) {
      case 'a':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
      case 'v':
      case '"':
      case '\'':
      case '\\':
      case '?':
      case '`':
        ++at_;
        return true;
      case 'x':
      case 'X':
        return digits(2, is_hex);
      case 'u':
        return digits(4, is_hex);
      case 'U':
        return digits(8, is_hex);
      case '0':
      case '1':
      case '2':
      case '3':
        return digits(2, [](char32_t d) { return d >= '0' && d <= '7'; });
      default:
        return false;
    }
  }

  bool escaped_identifier() {
    size_t length = 1;
    auto fits = [](char32_t c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '/' || c == ' '; };
    while (fits(peek(length))) ++length;
    if (length == 1 || peek(length) != '`') return fail_after(length);
    return push(Token::EscapedIdentifier, length + 1);
  }

  const Source& source_;
  const std::vector<char32_t>& text_;
  Issues& issues_;
  std::vector<Lexeme> lexemes_;
  size_t begin_ = 0;
  size_t at_ = 0;
};

}  // namespace

std::string describe(TokenSet tokens) {
  bool several = std::popcount(tokens) > 1;
  std::string out = several ? "{" : "";
  bool first = true;
  for (size_t i = 0; i < kNames.size(); ++i) {
    if ((tokens >> i & 1) == 0) continue;
    if (!first) out += ", ";
    first = false;
    out += kNames[i];
  }
  return several ? out + "}" : out;
}

std::vector<Lexeme> tokenize(const Source& source, Issues& issues) {
  return Lexer(source, issues).run();
}

}  // namespace cel
