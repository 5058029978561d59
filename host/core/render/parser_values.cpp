// Expressions without operators: literals, brackets, and what stands behind a value.
#include <algorithm>
#include <charconv>
#include <utility>

#include "core/number.hpp"
#include "core/render/parser.hpp"

namespace core::render {

namespace {

ExprPtr constant(Value value, int line) {
  auto expr = std::make_unique<ConstExpr>(std::move(value));
  expr->line = line;
  return expr;
}

std::string without_underscores(std::string_view text) {
  std::string out(text);
  std::erase(out, '_');
  return out;
}

}  // namespace

// -- literals and brackets -------------------------------------------------------------------------------

ExprPtr Parser::parse_name(bool with_namespace) {
  const Token token = take();
  if (token.text == "true" || token.text == "True") return constant(true, token.line);
  if (token.text == "false" || token.text == "False") return constant(false, token.line);
  if (token.text == "none" || token.text == "None") return constant(Value::none(), token.line);
  if (with_namespace && skip(TokenType::kDot)) {
    auto expr = std::make_unique<NamespaceExpr>();
    expr->name = intern(token.text);
    expr->attribute = intern(expect(TokenType::kName).text);
    return finish(std::move(expr), token.line);
  }
  return finish(std::make_unique<NameExpr>(intern(token.text)), token.line);
}

ExprPtr Parser::parse_strings(const Token& first) {
  std::string text;
  Token token = first;
  while (true) {
    std::string problem;
    if (!unescape(token.text, text, problem)) fail(problem, token.line);
    if (!is(TokenType::kString)) break;
    token = take();
  }
  return constant(Value(std::move(text)), first.line);
}

ExprPtr Parser::parse_number(const Token& token) {
  std::string digits = without_underscores(token.text);
  if (token.type == TokenType::kFloat) return constant(core::parse_double(digits), token.line);
  int base = 10;
  std::size_t first = 0;
  if (digits.size() > 1 && digits[0] == '0' && digits[1] > '9') {
    const char kind = static_cast<char>(digits[1] | 0x20);
    base = kind == 'x' ? 16 : kind == 'o' ? 8 : 2;
    first = 2;
  }
  std::int64_t number = 0;
  const char* end = digits.data() + digits.size();
  if (std::from_chars(digits.data() + first, end, number, base).ec != std::errc())
    fail(
        "the integer " + std::string(token.text) + " has more than 64 bits, which templates here cannot hold",
        token.line);
  return constant(number, token.line);
}

ExprPtr Parser::parse_primary(bool with_namespace) {
  const Token token = current();
  switch (token.type) {
    case TokenType::kName:
      return parse_name(with_namespace);
    case TokenType::kString:
      take();
      return parse_strings(token);
    case TokenType::kInteger:
    case TokenType::kFloat:
      take();
      return parse_number(token);
    case TokenType::kLeftParen: {
      take();
      TupleRules rules;
      rules.explicit_parentheses = true;
      ExprPtr expr = parse_tuple(rules);
      expect(TokenType::kRightParen);
      return expr;
    }
    case TokenType::kLeftBracket:
      return parse_list();
    case TokenType::kLeftBrace:
      return parse_dict();
    default:
      fail("unexpected " + describe(token), token.line);
  }
}

bool Parser::at_tuple_end(const TupleRules& rules) const {
  if (is(TokenType::kVariableEnd) || is(TokenType::kBlockEnd) || is(TokenType::kRightParen)) return true;
  return rules.end && is_any_word(*rules.end);
}

ExprPtr Parser::parse_tuple(const TupleRules& rules) {
  int line = current().line;
  auto tuple = std::make_unique<SequenceExpr>(ExprKind::kTuple);
  bool is_tuple = false;
  while (true) {
    if (!tuple->items.empty()) expect(TokenType::kComma);
    if (at_tuple_end(rules)) break;
    tuple->items.push_back(rules.simplified ? parse_primary(rules.with_namespace)
                                            : parse_expression(rules.with_conditional));
    if (!is(TokenType::kComma)) break;
    is_tuple = true;
    line = current().line;
  }
  if (!is_tuple) {
    if (!tuple->items.empty()) return std::move(tuple->items.front());
    if (!rules.explicit_parentheses)
      fail("Expected an expression, got " + describe(current()), current().line);
  }
  return finish(std::move(tuple), line);
}

ExprPtr Parser::parse_list() {
  const int line = expect(TokenType::kLeftBracket).line;
  auto list = std::make_unique<SequenceExpr>(ExprKind::kList);
  while (!is(TokenType::kRightBracket)) {
    if (!list->items.empty()) expect(TokenType::kComma);
    if (is(TokenType::kRightBracket)) break;
    list->items.push_back(parse_expression());
  }
  expect(TokenType::kRightBracket);
  return finish(std::move(list), line);
}

ExprPtr Parser::parse_dict() {
  const int line = expect(TokenType::kLeftBrace).line;
  auto dict = std::make_unique<DictExpr>();
  while (!is(TokenType::kRightBrace)) {
    if (!dict->items.empty()) expect(TokenType::kComma);
    if (is(TokenType::kRightBrace)) break;
    ExprPtr key = parse_expression();
    expect(TokenType::kColon);
    dict->items.emplace_back(std::move(key), parse_expression());
  }
  expect(TokenType::kRightBrace);
  return finish(std::move(dict), line);
}

// -- what stands behind a value --------------------------------------------------------------------------

ExprPtr Parser::parse_postfix(ExprPtr expr) {
  while (true) {
    switch (current().type) {
      case TokenType::kDot:
        expr = parse_attribute(std::move(expr));
        break;
      case TokenType::kLeftBracket:
        expr = parse_subscript(std::move(expr));
        break;
      case TokenType::kLeftParen:
        expr = parse_call(std::move(expr));
        break;
      default:
        return expr;
    }
  }
}

ExprPtr Parser::parse_filters_and_tests(ExprPtr expr) {
  while (true) {
    if (is(TokenType::kPipe)) {
      expr = parse_filter(std::move(expr));
    } else if (is_word("is")) {
      expr = parse_test(std::move(expr));
    } else if (is(TokenType::kLeftParen)) {
      // Behind a filter or a test only calls go on, no subscripts.
      expr = parse_call(std::move(expr));
    } else {
      return expr;
    }
  }
}

ExprPtr Parser::parse_attribute(ExprPtr owner) {
  const int line = take().line;
  const Token name = take();
  if (name.type == TokenType::kName) {
    auto expr = std::make_unique<AttributeExpr>();
    expr->label = "getattr";
    expr->owner = std::move(owner);
    expr->name = intern(name.text);
    static const Value kDict = Value::dict();
    expr->hidden_by_method = find_method(kDict, name.text) != nullptr;
    return finish(std::move(expr), line);
  }
  if (name.type != TokenType::kInteger) fail("expected name or number", name.line);
  auto expr = std::make_unique<ItemExpr>();
  expr->owner = std::move(owner);
  expr->key = parse_number(name);
  return finish(std::move(expr), line);
}

ExprPtr Parser::parse_subscript(ExprPtr owner) {
  const int line = take().line;
  std::vector<ExprPtr> parts;
  ExprPtr only_slice;
  auto tuple = std::make_unique<SequenceExpr>(ExprKind::kTuple);
  while (!is(TokenType::kRightBracket)) {
    if (!tuple->items.empty()) expect(TokenType::kComma);
    tuple->items.push_back(parse_slice_part());
  }
  expect(TokenType::kRightBracket);
  if (tuple->items.size() == 1) {
    if (auto* slice = dynamic_cast<SliceExpr*>(tuple->items[0].get())) {
      slice->owner = std::move(owner);
      std::unique_ptr<SliceExpr> whole(static_cast<SliceExpr*>(tuple->items[0].release()));
      return finish(std::move(whole), line);
    }
  }
  auto expr = std::make_unique<ItemExpr>();
  expr->owner = std::move(owner);
  expr->key = tuple->items.size() == 1 ? std::move(tuple->items[0]) : finish(std::move(tuple), line);
  return finish(std::move(expr), line);
}

/// An expression, or a slice that still lacks its owner.
ExprPtr Parser::parse_slice_part() {
  const int line = current().line;
  auto slice = std::make_unique<SliceExpr>();
  if (!is(TokenType::kColon)) {
    ExprPtr expr = parse_expression();
    if (!is(TokenType::kColon)) return expr;
    slice->begin = std::move(expr);
  }
  take();
  const auto at_end = [&] { return is(TokenType::kRightBracket) || is(TokenType::kComma); };
  if (!is(TokenType::kColon) && !at_end()) slice->end = parse_expression();
  if (skip(TokenType::kColon) && !at_end()) slice->step = parse_expression();
  return finish(std::move(slice), line);
}

ExprPtr Parser::parse_call(ExprPtr callee) {
  const int line = current().line;
  auto expr = std::make_unique<CallExpr>();
  expr->callee = std::move(callee);
  expr->parts = parse_arguments();
  return finish(std::move(expr), line);
}

CallParts Parser::parse_arguments() {
  const int line = expect(TokenType::kLeftParen).line;
  CallParts parts;
  bool first = true;
  while (!is(TokenType::kRightParen)) {
    if (!first) {
      expect(TokenType::kComma);
      if (is(TokenType::kRightParen)) break;
    }
    parse_argument(parts, line);
    first = false;
  }
  expect(TokenType::kRightParen);
  return parts;
}

void Parser::parse_argument(CallParts& parts, int line) {
  const auto ensure = [&](bool fine) {
    if (!fine) fail("invalid syntax for function call expression", line);
  };
  if (is(TokenType::kMul)) {
    ensure(!parts.star && !parts.star_star);
    take();
    parts.star = parse_expression();
  } else if (is(TokenType::kPow)) {
    ensure(!parts.star_star);
    take();
    parts.star_star = parse_expression();
  } else if (is(TokenType::kName) && look().type == TokenType::kAssign) {
    ensure(!parts.star_star);
    const Name key = intern(take().text);
    take();
    for (const auto& [known, value] : parts.keyword) {
      if (known->bytes() == key->bytes())
        out_.refuse_late("the argument '" + key->bytes() + "' is given twice", line);
    }
    parts.keyword.emplace_back(key, parse_expression());
  } else {
    ensure(!parts.star && !parts.star_star && parts.keyword.empty());
    parts.positional.push_back(parse_expression());
  }
}

std::string Parser::parse_dotted_name(std::string name) {
  while (skip(TokenType::kDot)) name += "." + std::string(expect(TokenType::kName).text);
  return name;
}

ExprPtr Parser::parse_filter(ExprPtr subject, bool inline_start) {
  while (is(TokenType::kPipe) || inline_start) {
    if (!inline_start) take();
    const Token token = expect(TokenType::kName);
    auto expr = std::make_unique<NamedExpr>(ExprKind::kFilter);
    expr->name = parse_dotted_name(std::string(token.text));
    if (is(TokenType::kLeftParen)) expr->parts = parse_arguments();
    expr->subject = std::move(subject);
    subject = finish(std::move(expr), token.line);
    inline_start = false;
  }
  return subject;
}

CallParts Parser::parse_test_arguments() {
  CallParts parts;
  if (is(TokenType::kLeftParen)) return parse_arguments();
  const auto type = current().type;
  const bool starts_value = type == TokenType::kName || type == TokenType::kString ||
                            type == TokenType::kInteger || type == TokenType::kFloat ||
                            type == TokenType::kLeftBracket || type == TokenType::kLeftBrace;
  if (!starts_value || is_any_word({"else", "or", "and"})) return parts;
  if (is_word("is"))
    fail("one test follows another: put the first one, with its 'is', in parentheses", current().line);
  parts.positional.push_back(parse_postfix(parse_primary()));
  return parts;
}

ExprPtr Parser::parse_test(ExprPtr subject) {
  const int line = take().line;
  const bool negated = skip_word("not");
  auto expr = std::make_unique<NamedExpr>(ExprKind::kTest);
  expr->name = parse_dotted_name(std::string(expect(TokenType::kName).text));
  expr->parts = parse_test_arguments();
  expr->subject = std::move(subject);
  ExprPtr test = finish(std::move(expr), line);
  if (!negated) return test;
  auto inverse = std::make_unique<UnaryExpr>();
  inverse->op = UnaryOp::kNot;
  inverse->operand = std::move(test);
  return finish(std::move(inverse), line);
}

}  // namespace core::render
