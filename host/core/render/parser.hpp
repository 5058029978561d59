// Tokens to nodes.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/render/lexer.hpp"
#include "core/render/nodes.hpp"

namespace core::render {

/// Parses `source` and decides where every name lives. Raises TemplateSyntaxError or TemplateAssertionError,
/// whose stack is the one place in this template.
std::shared_ptr<const Template> parse_template(std::string name, std::string file, std::string_view source,
                                               const Options& options);

/// Raises an error of class `type` at a line of a template.
[[noreturn]] void fail_at(const char* type, const std::string& template_name, int line, std::string message);

/// Recursive descent over the tokens, with Jinja2's precedences and messages.
class Parser {
 public:
  Parser(Template& out, const Options& options);
  void run();

 private:
  using Words = std::initializer_list<std::string_view>;
  using EndWords = std::vector<std::string_view>;
  class Nesting;

  // -- tokens ----------------------------------------------------------------------------------------
  const Token& current() const { return tokens_.list[at_]; }
  bool is(TokenType type) const { return current().type == type; }
  bool is_word(std::string_view word) const { return is(TokenType::kName) && current().text == word; }
  bool is_any_word(const EndWords& words) const;
  const Token& look();
  void check_error(const Token& token) const;
  Token take();
  bool skip(TokenType type);
  bool skip_word(std::string_view word);
  Token expect(TokenType type);
  void expect_word(std::string_view word);
  [[noreturn]] void fail_expected(const std::string& what) const;
  [[noreturn]] void fail(const std::string& message, int line,
                         const char* type = "TemplateSyntaxError") const;
  static std::string describe(const Token& token);
  Name intern(std::string_view text);

  // -- statements (parser_statements.cpp) --------------------------------------------------------------
  Body parse_until(const EndWords* end);
  Body parse_body(const EndWords& end, bool drop_end);
  void add_data(Body& body, std::string_view text);
  void add_expr(Body& body, ExprPtr expr);
  OutputStatement& output(Body& body);
  void parse_statement(Body& body);
  std::unique_ptr<Statement> parse_tag(std::string_view word, int line);
  std::unique_ptr<Statement> parse_for();
  std::unique_ptr<Statement> parse_if();
  std::unique_ptr<Statement> parse_with();
  std::unique_ptr<Statement> parse_set();
  std::unique_ptr<Statement> parse_macro();
  std::unique_ptr<Statement> parse_call_block(int line);
  std::unique_ptr<Statement> parse_filter_block();
  std::unique_ptr<Statement> parse_block();
  std::unique_ptr<Statement> parse_extends();
  std::unique_ptr<Statement> parse_include();
  std::unique_ptr<Statement> parse_import();
  std::unique_ptr<Statement> parse_from();
  std::unique_ptr<Statement> parse_autoescape();
  std::unique_ptr<Statement> parse_do();
  std::unique_ptr<Statement> parse_jump(StatementKind kind);
  void parse_print(Body& body);
  void parse_signature(MacroCode& macro);
  bool parse_import_context(bool& with_context);
  void check_required(const BlockStatement& block);
  [[noreturn]] void fail_unknown_tag(std::string_view word, int line) const;
  [[noreturn]] void fail_end_of_template(const EndWords* end) const;
  std::string looking_for(const EndWords* end) const;
  std::string innermost() const;
  std::string still_open(const EndWords* end) const;

  // -- targets -----------------------------------------------------------------------------------------
  Target parse_target(const EndWords& end, bool with_namespace);
  Target parse_name_target();
  Target to_target(const Expr& expr) const;

  // -- expressions (parser.cpp) --------------------------------------------------------------------------
  ExprPtr parse_expression(bool with_conditional = true);
  ExprPtr parse_conditional();
  ExprPtr parse_or();
  ExprPtr parse_and();
  ExprPtr parse_not();
  ExprPtr parse_compare();
  bool parse_compare_op(CompareOp& op);
  ExprPtr parse_sum();
  ExprPtr parse_concat();
  ExprPtr parse_product();
  ExprPtr parse_power();
  ExprPtr parse_unary(bool with_filter = true);
  ExprPtr parse_primary(bool with_namespace = false);
  ExprPtr parse_name(bool with_namespace);
  ExprPtr parse_number(const Token& token);
  ExprPtr parse_strings(const Token& first);
  struct TupleRules {
    bool simplified = false;
    bool with_conditional = true;
    const EndWords* end = nullptr;
    bool explicit_parentheses = false;
    bool with_namespace = false;
  };
  ExprPtr parse_tuple(const TupleRules& rules);
  bool at_tuple_end(const TupleRules& rules) const;
  ExprPtr parse_list();
  ExprPtr parse_dict();
  ExprPtr parse_postfix(ExprPtr expr);
  ExprPtr parse_filters_and_tests(ExprPtr expr);
  ExprPtr parse_attribute(ExprPtr owner);
  ExprPtr parse_subscript(ExprPtr owner);
  ExprPtr parse_subscript_part(ExprPtr& owner);
  ExprPtr parse_slice_part();
  ExprPtr parse_call(ExprPtr callee);
  CallParts parse_arguments();
  void parse_argument(CallParts& parts, int line);
  ExprPtr parse_filter(ExprPtr subject, bool inline_start = false);
  ExprPtr parse_test(ExprPtr subject);
  std::string parse_dotted_name(std::string name);
  CallParts parse_test_arguments();
  ExprPtr binary(BinaryOp op, ExprPtr left, ExprPtr right, int line) const;
  template <class T>
  std::unique_ptr<T> finish(std::unique_ptr<T> expr, int line) const {
    place(*expr, line);
    return expr;
  }
  void place(Expr& expr, int line) const;

  Template& out_;
  const Options& options_;
  Tokens tokens_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  std::unordered_map<std::string_view, Name> names_;
  std::vector<std::string> tags_;
  std::vector<const EndWords*> ends_;
};

/// The characters of a string literal, quotes included in `literal`. Returns false and sets `problem` for a
/// bad escape.
bool unescape(std::string_view literal, std::string& out, std::string& problem);

}  // namespace core::render
