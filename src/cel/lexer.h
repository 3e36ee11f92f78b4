// Text to tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cel/source.h"

namespace cel {

// In the order in which upstream's messages list them.
enum class Token : uint8_t {
  End,
  Equals,
  NotEquals,
  In,
  Less,
  LessEquals,
  GreaterEquals,
  Greater,
  And,
  Or,
  LeftBracket,
  RightBracket,
  LeftBrace,
  RightBrace,
  LeftParen,
  RightParen,
  Dot,
  Comma,
  Minus,
  Exclamation,
  Question,
  Colon,
  Plus,
  Star,
  Slash,
  Percent,
  True,
  False,
  Null,
  Double,
  Int,
  Uint,
  String,
  Bytes,
  Identifier,
  EscapedIdentifier,
};

using TokenSet = uint64_t;
constexpr TokenSet set_of(Token token) {
  return TokenSet{1} << static_cast<int>(token);
}
template <class... Tokens>
constexpr TokenSet set_of(Token first, Tokens... rest) {
  return set_of(first) | set_of(rest...);
}
// "'('", "IDENTIFIER"; of several "{'(', IDENTIFIER}".
std::string describe(TokenSet tokens);

struct Lexeme {
  Token token;
  uint32_t begin;  // in characters
  uint32_t end;
};

// Ends with Token::End. What is no token is reported and left out.
std::vector<Lexeme> tokenize(const Source& source, Issues& issues);

}  // namespace cel
