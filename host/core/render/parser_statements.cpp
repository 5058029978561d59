// Statements: what stands between {% and %}.
#include <algorithm>

#include "core/render/parser.hpp"
#include "core/suggest.hpp"

namespace core::render {

namespace {

/// Remembers the tag that is being parsed, for messages about its end.
class OpenTag {
 public:
  OpenTag(std::vector<std::string>& tags, std::string_view tag) : tags_(tags) { tags_.emplace_back(tag); }
  ~OpenTag() { tags_.pop_back(); }
  OpenTag(const OpenTag&) = delete;
  OpenTag& operator=(const OpenTag&) = delete;

 private:
  std::vector<std::string>& tags_;
};

/// Whether an expression is made of literals, brackets and slices only.
bool is_constant(Expr& expr) {
  const bool brackets = expr.kind == ExprKind::kTuple || expr.kind == ExprKind::kList ||
                        dynamic_cast<DictExpr*>(&expr) || dynamic_cast<SliceExpr*>(&expr);
  if (!brackets) return expr.kind == ExprKind::kConst;
  bool constant = true;
  expr.children([&](Expr& child) { constant = constant && is_constant(child); });
  return constant;
}

bool is_blank(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (space_size(text, at) != 1) return false;
  }
  return true;
}

}  // namespace

// -- text and tags ---------------------------------------------------------------------------------------

OutputStatement& Parser::output(Body& body) {
  if (body.empty() || body.back()->kind != StatementKind::kOutput) {
    body.push_back(std::make_unique<OutputStatement>());
    body.back()->line = current().line;
  }
  return static_cast<OutputStatement&>(*body.back());
}

void Parser::add_data(Body& body, std::string_view text) {
  if (options_.newline_sequence != "\n" && text.find('\n') != std::string_view::npos) {
    auto changed = std::make_unique<std::string>();
    for (const char c : text) {
      if (c == '\n') {
        *changed += options_.newline_sequence;
      } else {
        *changed += c;
      }
    }
    out_.texts.push_back(std::move(changed));
    text = *out_.texts.back();
  }
  output(body).pieces.push_back({text, nullptr});
}

void Parser::add_expr(Body& body, ExprPtr expr) {
  if (auto* slice = dynamic_cast<SliceExpr*>(expr.get())) slice->constant = is_constant(*slice);
  output(body).pieces.push_back({{}, std::move(expr)});
}

Body Parser::parse_until(const EndWords* end) {
  Body body;
  if (end) ends_.push_back(end);
  while (!is(TokenType::kEnd)) {
    if (is(TokenType::kData)) {
      add_data(body, current().text);
      take();
    } else if (is(TokenType::kVariableBegin)) {
      take();
      TupleRules rules;
      add_expr(body, parse_tuple(rules));
      expect(TokenType::kVariableEnd);
    } else if (is(TokenType::kBlockBegin)) {
      take();
      if (end && is_any_word(*end)) break;
      parse_statement(body);
      expect(TokenType::kBlockEnd);
    } else {
      fail("internal parsing error", current().line, "AssertionError");
    }
  }
  if (end) ends_.pop_back();
  return body;
}

Body Parser::parse_body(const EndWords& end, bool drop_end) {
  skip(TokenType::kColon);
  expect(TokenType::kBlockEnd);
  Body body = parse_until(&end);
  if (is(TokenType::kEnd)) fail_end_of_template(&end);
  if (drop_end) take();
  return body;
}

void Parser::parse_statement(Body& body) {
  const Token token = current();
  if (token.type != TokenType::kName) fail("tag name expected", token.line);
  const OpenTag open(tags_, token.text);
  if (token.text == "print") return parse_print(body);
  if (++nesting_ > 100) fail("nested too deeply: more than 100 levels", token.line);
  auto statement = parse_tag(token.text, token.line);
  --nesting_;
  if (!statement) {
    tags_.pop_back();
    tags_.emplace_back();
    fail_unknown_tag(token.text, token.line);
  }
  statement->line = token.line;
  body.push_back(std::move(statement));
}

std::unique_ptr<Statement> Parser::parse_tag(std::string_view word, int line) {
  if (word == "call") {
    take();
    return parse_call_block(line);
  }
  if (word == "do") return options_.do_statement ? parse_do() : nullptr;
  if (word == "break" || word == "continue") {
    if (!options_.loop_controls) return nullptr;
    return parse_jump(word == "break" ? StatementKind::kBreak : StatementKind::kContinue);
  }
  using Parse = std::unique_ptr<Statement> (Parser::*)();
  static constexpr std::pair<std::string_view, Parse> kTags[] = {{"for", &Parser::parse_for},
                                                                 {"if", &Parser::parse_if},
                                                                 {"block", &Parser::parse_block},
                                                                 {"extends", &Parser::parse_extends},
                                                                 {"macro", &Parser::parse_macro},
                                                                 {"include", &Parser::parse_include},
                                                                 {"from", &Parser::parse_from},
                                                                 {"import", &Parser::parse_import},
                                                                 {"set", &Parser::parse_set},
                                                                 {"with", &Parser::parse_with},
                                                                 {"filter", &Parser::parse_filter_block},
                                                                 {"autoescape", &Parser::parse_autoescape}};
  for (const auto& [name, parse] : kTags) {
    if (name != word) continue;
    take();
    return (this->*parse)();
  }
  return nullptr;
}

std::string Parser::looking_for(const EndWords* end) const {
  std::string words;
  for (const auto word : *end) words += (words.empty() ? "'" : " or '") + std::string(word) + "'";
  return words;
}

std::string Parser::innermost() const {
  for (auto tag = tags_.rbegin(); tag != tags_.rend(); ++tag) {
    if (!tag->empty()) return *tag;
  }
  return "";
}

// What is still open and how it goes on: ", inside '{% if %}', which needs 'endif'".
std::string Parser::still_open(const EndWords* end) const {
  const std::string tag = innermost();
  return (tag.empty() ? "" : ", inside '{% " + tag + " %}'") + ", where " + looking_for(end) + " is missing";
}

void Parser::fail_unknown_tag(std::string_view word, int line) const {
  const bool closes_an_outer_one = std::any_of(ends_.begin(), ends_.end(), [&](const EndWords* end) {
    return std::find(end->begin(), end->end(), word) != end->end();
  });
  std::vector<std::string> known = {"for",  "if",         "block", "extends", "macro",   "include",
                                    "from", "import",     "set",   "with",    "raw",     "filter",
                                    "call", "autoescape", "do",    "break",   "continue"};
  if (!ends_.empty()) known.insert(known.end(), ends_.back()->begin(), ends_.back()->end());
  std::string message = closes_an_outer_one
                            ? "'" + std::string(word) + "' comes too early"
                            : "there is no tag '" + std::string(word) + "'" + did_you_mean(word, known);
  fail(message + (ends_.empty() ? "" : still_open(ends_.back())), line);
}

void Parser::fail_end_of_template(const EndWords* end) const {
  fail("the template ends too early" + still_open(end), current().line);
}

// -- targets ---------------------------------------------------------------------------------------------

Target Parser::to_target(const Expr& expr) const {
  Target target;
  target.line = expr.line;
  if (expr.kind == ExprKind::kName) {
    target.name = static_cast<const NameExpr&>(expr).name;
    return target;
  }
  if (const auto* part = dynamic_cast<const NamespaceExpr*>(&expr)) {
    target.kind = Target::Kind::kAttribute;
    target.name = part->name;
    target.attribute = part->attribute;
    return target;
  }
  if (expr.kind != ExprKind::kTuple) fail(std::string("can't assign to '") + expr.label + "'", expr.line);
  target.kind = Target::Kind::kTuple;
  for (const auto& item : static_cast<const SequenceExpr&>(expr).items) {
    const bool fine = item->kind == ExprKind::kName || item->kind == ExprKind::kTuple ||
                      dynamic_cast<const NamespaceExpr*>(item.get());
    if (!fine) fail("can't assign to 'tuple'", expr.line);
    target.parts.push_back(to_target(*item));
  }
  return target;
}

Target Parser::parse_target(const EndWords& end, bool with_namespace) {
  if (with_namespace && look().type == TokenType::kDot) {
    const bool is_constant = is_any_word({"true", "false", "none", "True", "False", "None"});
    if (!is_constant) {
      Target target;
      target.kind = Target::Kind::kAttribute;
      target.line = current().line;
      target.name = intern(expect(TokenType::kName).text);
      take();
      target.attribute = intern(expect(TokenType::kName).text);
      if (!is(TokenType::kComma)) return target;
      // The first part of a tuple.
      at_ -= 3;
    }
  }
  TupleRules rules;
  rules.simplified = true;
  rules.end = &end;
  rules.with_namespace = with_namespace;
  const ExprPtr expr = parse_tuple(rules);
  return to_target(*expr);
}

Target Parser::parse_name_target() {
  const Token token = expect(TokenType::kName);
  static const EndWords kConstants = {"true", "false", "none", "True", "False", "None"};
  if (std::find(kConstants.begin(), kConstants.end(), token.text) != kConstants.end())
    fail("can't assign to 'name'", token.line);
  Target target;
  target.line = token.line;
  target.name = intern(token.text);
  return target;
}

// -- statements ------------------------------------------------------------------------------------------

std::unique_ptr<Statement> Parser::parse_for() {
  static const EndWords kIn = {"in"}, kRecursive = {"recursive"};
  static const EndWords kBodyEnd = {"endfor", "else"}, kElseEnd = {"endfor"};
  auto loop = std::make_unique<ForStatement>();
  loop->target = parse_target(kIn, false);
  expect_word("in");
  TupleRules rules;
  rules.with_conditional = false;
  rules.end = &kRecursive;
  loop->iterable = parse_tuple(rules);
  if (skip_word("if")) loop->test = parse_expression();
  loop->recursive = skip_word("recursive");
  loop->body = parse_body(kBodyEnd, false);
  if (take().text != "endfor") loop->otherwise = parse_body(kElseEnd, true);
  return loop;
}

std::unique_ptr<Statement> Parser::parse_if() {
  static const EndWords kBranchEnd = {"elif", "else", "endif"}, kElseEnd = {"endif"};
  auto statement = std::make_unique<IfStatement>();
  int line = tokens_.list[at_ - 1].line;
  while (true) {
    TupleRules rules;
    rules.with_conditional = false;
    ExprPtr test = parse_tuple(rules);
    Body body = parse_body(kBranchEnd, false);
    statement->branches.push_back({line, std::move(test), std::move(body)});
    const Token word = take();
    if (word.text == "elif") {
      line = current().line;
      continue;
    }
    if (word.text == "else") statement->otherwise = parse_body(kElseEnd, true);
    return statement;
  }
}

std::unique_ptr<Statement> Parser::parse_with() {
  static const EndWords kNone = {}, kEnd = {"endwith"};
  auto with = std::make_unique<WithStatement>();
  while (!is(TokenType::kBlockEnd)) {
    if (!with->targets.empty()) expect(TokenType::kComma);
    with->targets.push_back(parse_target(kNone, false));
    expect(TokenType::kAssign);
    with->values.push_back(parse_expression());
  }
  with->body = parse_body(kEnd, true);
  return with;
}

std::unique_ptr<Statement> Parser::parse_set() {
  static const EndWords kNone = {}, kEnd = {"endset"};
  Target target = parse_target(kNone, true);
  if (skip(TokenType::kAssign)) {
    auto set = std::make_unique<SetStatement>();
    set->target = std::move(target);
    TupleRules rules;
    set->value = parse_tuple(rules);
    return set;
  }
  auto set = std::make_unique<SetBlockStatement>();
  set->target = std::move(target);
  set->filter.reset(static_cast<NamedExpr*>(parse_filter(nullptr).release()));
  set->body = parse_body(kEnd, true);
  return set;
}

void Parser::parse_signature(MacroCode& macro) {
  expect(TokenType::kLeftParen);
  bool has_fallback = false;
  while (!is(TokenType::kRightParen)) {
    if (!macro.parameters.empty()) expect(TokenType::kComma);
    const Target target = parse_name_target();
    MacroCode::Parameter parameter;
    parameter.name = target.name;
    if (skip(TokenType::kAssign)) {
      parameter.fallback = parse_expression();
      has_fallback = true;
    } else if (has_fallback) {
      fail("non-default argument follows default argument", current().line);
    }
    for (const auto& other : macro.parameters) {
      if (other.name->bytes() == parameter.name->bytes())
        out_.refuse_late("the macro has two parameters '" + parameter.name->bytes() + "'", target.line);
    }
    macro.parameters.push_back(std::move(parameter));
  }
  expect(TokenType::kRightParen);
}

std::unique_ptr<Statement> Parser::parse_macro() {
  static const EndWords kEnd = {"endmacro"};
  auto statement = std::make_unique<MacroStatement>();
  statement->macro.line = tokens_.list[at_ - 1].line;
  statement->macro.name = parse_name_target().name;
  parse_signature(statement->macro);
  statement->macro.body = parse_body(kEnd, true);
  return statement;
}

std::unique_ptr<Statement> Parser::parse_call_block(int line) {
  static const EndWords kEnd = {"endcall"};
  auto statement = std::make_unique<CallBlockStatement>();
  statement->macro.line = line;
  if (is(TokenType::kLeftParen)) parse_signature(statement->macro);
  ExprPtr call = parse_expression();
  if (call->kind != ExprKind::kCall) fail("expected call", line);
  statement->call.reset(static_cast<CallExpr*>(call.release()));
  statement->macro.body = parse_body(kEnd, true);
  return statement;
}

std::unique_ptr<Statement> Parser::parse_filter_block() {
  static const EndWords kEnd = {"endfilter"};
  auto statement = std::make_unique<FilterBlockStatement>();
  statement->filter.reset(static_cast<NamedExpr*>(parse_filter(nullptr, true).release()));
  statement->body = parse_body(kEnd, true);
  return statement;
}

void Parser::check_required(const BlockStatement& block) {
  for (const auto& statement : block.code.body) {
    bool blank = statement->kind == StatementKind::kOutput;
    if (blank) {
      for (const auto& piece : static_cast<const OutputStatement&>(*statement).pieces)
        blank = blank && !piece.expr && is_blank(piece.text);
    }
    if (!blank) fail("a required block can hold only comments and blanks", current().line);
  }
}

std::unique_ptr<Statement> Parser::parse_block() {
  static const EndWords kEnd = {"endblock"};
  auto block = std::make_unique<BlockStatement>();
  block->code.line = tokens_.list[at_ - 1].line;
  block->code.name = intern(expect(TokenType::kName).text);
  block->scoped = skip_word("scoped");
  block->required = skip_word("required");
  if (is(TokenType::kSub))
    fail(
        "Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an "
        "underscore "
        "instead.",
        current().line);
  block->code.body = parse_body(kEnd, true);
  if (block->required) check_required(*block);
  skip_word(block->code.name->bytes());
  return block;
}

std::unique_ptr<Statement> Parser::parse_extends() {
  auto statement = std::make_unique<ExtendsStatement>();
  statement->name = parse_expression();
  out_.extends = true;
  return statement;
}

/// `with context` or `without context`; false if neither stands here.
bool Parser::parse_import_context(bool& with_context) {
  if (!is_any_word({"with", "without"})) return false;
  const Token& next = look();
  if (next.type != TokenType::kName || next.text != "context") return false;
  with_context = take().text == "with";
  take();
  return true;
}

std::unique_ptr<Statement> Parser::parse_include() {
  auto statement = std::make_unique<IncludeStatement>();
  statement->name = parse_expression();
  if (is_word("ignore")) {
    const Token& next = look();
    if (next.type == TokenType::kName && next.text == "missing") {
      statement->ignore_missing = true;
      take();
      take();
    }
  }
  parse_import_context(statement->with_context);
  return statement;
}

std::unique_ptr<Statement> Parser::parse_import() {
  auto statement = std::make_unique<ImportStatement>();
  statement->name = parse_expression();
  expect_word("as");
  statement->target = parse_name_target();
  parse_import_context(statement->with_context);
  return statement;
}

std::unique_ptr<Statement> Parser::parse_from() {
  auto statement = std::make_unique<FromImportStatement>();
  statement->name = parse_expression();
  expect_word("import");
  while (true) {
    if (!statement->names.empty()) expect(TokenType::kComma);
    if (!is(TokenType::kName)) expect(TokenType::kName);
    if (parse_import_context(statement->with_context)) break;
    Target target = parse_name_target();
    const Name wanted = target.name;
    if (wanted->bytes()[0] == '_')
      fail("a name that begins with '_' is private to its template and cannot be imported", target.line,
           "TemplateAssertionError");
    if (skip_word("as")) target = parse_name_target();
    statement->names.emplace_back(wanted, std::move(target));
    if (parse_import_context(statement->with_context) || !is(TokenType::kComma)) break;
  }
  return statement;
}

std::unique_ptr<Statement> Parser::parse_autoescape() {
  static const EndWords kEnd = {"endautoescape"};
  auto statement = std::make_unique<AutoescapeStatement>();
  statement->value = parse_expression();
  statement->body = parse_body(kEnd, true);
  return statement;
}

std::unique_ptr<Statement> Parser::parse_do() {
  take();
  auto statement = std::make_unique<DoStatement>();
  TupleRules rules;
  statement->value = parse_tuple(rules);
  return statement;
}

std::unique_ptr<Statement> Parser::parse_jump(StatementKind kind) {
  take();
  return std::make_unique<JumpStatement>(kind);
}

void Parser::parse_print(Body& body) {
  take();
  bool first = true;
  while (!is(TokenType::kBlockEnd)) {
    if (!first) expect(TokenType::kComma);
    add_expr(body, parse_expression());
    first = false;
  }
}

}  // namespace core::render
