// The parser's tokens, and operators: who binds tighter than whom.
#include "core/render/parser.hpp"

#include <algorithm>
#include <utility>

namespace core::render {

namespace {

// Deeper than any template that is written by hand, shallow enough for every stack.
constexpr int kDeepestNesting = 120;
constexpr int kDeepestExpression = 400;

int height_of(Expr& expr) {
  int highest = 0;
  expr.children([&](Expr& child) { highest = std::max(highest, child.height); });
  return highest + 1;
}

}  // namespace

void fail_at(const char* type, const std::string& template_name, int line, std::string message) {
  Exception error(type, std::move(message));
  error.stack.push_back({template_name, line});
  throw error;
}

/// Bounds how deep brackets and statements may be nested.
class Parser::Nesting {
 public:
  explicit Nesting(Parser& parser) : parser_(parser) {
    if (++parser_.nesting_ > kDeepestNesting)
      parser_.fail("nested too deeply: more than " + std::to_string(kDeepestNesting) + " levels",
                   parser_.current().line);
  }
  ~Nesting() { --parser_.nesting_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  Parser& parser_;
};

Parser::Parser(Template& out, const Options& options)
    : out_(out), options_(options), tokens_(tokenize(out.source, options)) {}

void Parser::run() {
  check_error(current());
  out_.body = parse_until(nullptr);
}

// -- tokens ----------------------------------------------------------------------------------------------

bool Parser::is_any_word(const EndWords& words) const {
  return is(TokenType::kName) && std::find(words.begin(), words.end(), current().text) != words.end();
}

void Parser::check_error(const Token& token) const {
  if (token.type == TokenType::kError) fail(std::string(token.text), token.line);
}

const Token& Parser::look() {
  const std::size_t next = std::min(at_ + 1, tokens_.list.size() - 1);
  check_error(tokens_.list[next]);
  return tokens_.list[next];
}

Token Parser::take() {
  const Token token = current();
  if (at_ + 1 < tokens_.list.size()) ++at_;
  check_error(current());
  return token;
}

bool Parser::skip(TokenType type) {
  if (!is(type)) return false;
  take();
  return true;
}

bool Parser::skip_word(std::string_view word) {
  if (!is_word(word)) return false;
  take();
  return true;
}

Token Parser::expect(TokenType type) {
  if (!is(type)) fail_expected(describe_type(type));
  return take();
}

void Parser::expect_word(std::string_view word) {
  if (!is_word(word)) fail_expected(std::string(word));
  take();
}

void Parser::fail_expected(const std::string& what) const {
  if (is(TokenType::kEnd)) fail("the template ends where '" + what + "' is expected", current().line);
  fail("expected token '" + what + "', got " + describe(current()), current().line);
}

void Parser::fail(const std::string& message, int line, const char* type) const {
  fail_at(type, out_.file, line, message);
}

/// Quoted, as messages show it.
std::string Parser::describe(const Token& token) {
  std::string shown;
  append_quoted(shown, token.type == TokenType::kName ? std::string(token.text) : describe_type(token.type));
  return shown;
}

Name Parser::intern(std::string_view text) {
  Name& name = names_[text];
  if (!name) name = make<Text>(std::string(text));
  return name;
}

void Parser::place(Expr& expr, int line) const {
  expr.line = line;
  expr.height = height_of(expr);
  if (expr.height > kDeepestExpression) fail("the expression is nested too deeply", line);
}

// -- operators, loosest first ----------------------------------------------------------------------------

ExprPtr Parser::parse_expression(bool with_conditional) {
  const Nesting nesting(*this);
  return with_conditional ? parse_conditional() : parse_or();
}

ExprPtr Parser::parse_conditional() {
  int line = current().line;
  ExprPtr then = parse_or();
  while (skip_word("if")) {
    auto expr = std::make_unique<ConditionalExpr>();
    expr->test = parse_or();
    expr->then = std::move(then);
    if (skip_word("else")) {
      const Nesting nesting(*this);
      expr->otherwise = parse_conditional();
    }
    then = finish(std::move(expr), line);
    line = current().line;
  }
  return then;
}

ExprPtr Parser::binary(BinaryOp op, ExprPtr left, ExprPtr right, int line) const {
  auto expr = std::make_unique<BinaryExpr>();
  expr->op = op;
  expr->left = std::move(left);
  expr->right = std::move(right);
  return finish(std::move(expr), line);
}

ExprPtr Parser::parse_or() {
  int line = current().line;
  ExprPtr left = parse_and();
  while (skip_word("or")) {
    left = binary(BinaryOp::kOr, std::move(left), parse_and(), line);
    line = current().line;
  }
  return left;
}

ExprPtr Parser::parse_and() {
  int line = current().line;
  ExprPtr left = parse_not();
  while (skip_word("and")) {
    left = binary(BinaryOp::kAnd, std::move(left), parse_not(), line);
    line = current().line;
  }
  return left;
}

ExprPtr Parser::parse_not() {
  if (!is_word("not")) return parse_compare();
  const Nesting nesting(*this);
  const int line = take().line;
  auto expr = std::make_unique<UnaryExpr>();
  expr->op = UnaryOp::kNot;
  expr->operand = parse_not();
  return finish(std::move(expr), line);
}

bool Parser::parse_compare_op(CompareOp& op) {
  static constexpr std::pair<TokenType, CompareOp> kSigns[] = {
      {TokenType::kEqual, CompareOp::kEqual},     {TokenType::kNotEqual, CompareOp::kNotEqual},
      {TokenType::kLess, CompareOp::kLess},       {TokenType::kLessEqual, CompareOp::kLessEqual},
      {TokenType::kGreater, CompareOp::kGreater}, {TokenType::kGreaterEqual, CompareOp::kGreaterEqual}};
  for (const auto& [type, sign] : kSigns) {
    if (!is(type)) continue;
    take();
    op = sign;
    return true;
  }
  if (skip_word("in")) {
    op = CompareOp::kIn;
    return true;
  }
  if (!is_word("not")) return false;
  const Token& next = look();
  if (next.type != TokenType::kName || next.text != "in") return false;
  take();
  take();
  op = CompareOp::kNotIn;
  return true;
}

ExprPtr Parser::parse_compare() {
  int line = current().line;
  ExprPtr first = parse_sum();
  auto expr = std::make_unique<CompareExpr>();
  for (CompareOp op{}; parse_compare_op(op);) {
    expr->rest.emplace_back(op, parse_sum());
    line = current().line;
  }
  if (expr->rest.empty()) return first;
  expr->first = std::move(first);
  return finish(std::move(expr), line);
}

ExprPtr Parser::parse_sum() {
  int line = current().line;
  ExprPtr left = parse_concat();
  while (is(TokenType::kAdd) || is(TokenType::kSub)) {
    const auto op = take().type == TokenType::kAdd ? BinaryOp::kAdd : BinaryOp::kSub;
    left = binary(op, std::move(left), parse_concat(), line);
    line = current().line;
  }
  return left;
}

ExprPtr Parser::parse_concat() {
  const int line = current().line;
  ExprPtr first = parse_product();
  if (!is(TokenType::kTilde)) return first;
  auto expr = std::make_unique<ConcatExpr>();
  expr->parts.push_back(std::move(first));
  while (skip(TokenType::kTilde)) expr->parts.push_back(parse_product());
  return finish(std::move(expr), line);
}

ExprPtr Parser::parse_product() {
  int line = current().line;
  ExprPtr left = parse_power();
  while (true) {
    BinaryOp op{};
    switch (current().type) {
      case TokenType::kMul:
        op = BinaryOp::kMul;
        break;
      case TokenType::kDiv:
        op = BinaryOp::kDiv;
        break;
      case TokenType::kFloorDiv:
        op = BinaryOp::kFloorDiv;
        break;
      case TokenType::kMod:
        op = BinaryOp::kMod;
        break;
      default:
        return left;
    }
    take();
    left = binary(op, std::move(left), parse_power(), line);
    line = current().line;
  }
}

ExprPtr Parser::parse_power() {
  int line = current().line;
  ExprPtr left = parse_unary();
  while (skip(TokenType::kPow)) {
    left = binary(BinaryOp::kPow, std::move(left), parse_unary(), line);
    line = current().line;
  }
  return left;
}

ExprPtr Parser::parse_unary(bool with_filter) {
  const Nesting nesting(*this);
  const int line = current().line;
  ExprPtr expr;
  if (is(TokenType::kSub) || is(TokenType::kAdd)) {
    auto unary = std::make_unique<UnaryExpr>();
    unary->op = take().type == TokenType::kSub ? UnaryOp::kNegate : UnaryOp::kPlus;
    unary->operand = parse_unary(false);
    expr = finish(std::move(unary), line);
  } else {
    expr = parse_primary();
  }
  expr = parse_postfix(std::move(expr));
  return with_filter ? parse_filters_and_tests(std::move(expr)) : std::move(expr);
}

}  // namespace core::render
