// What templates see of templates: self, super, imported modules.
#include "core/render/interpreter.hpp"
#include "core/render/operators.hpp"

namespace core::render {

Value super_block(Interpreter& run, const std::string& name, const Ref<Context>& context, std::size_t depth) {
  const auto chain = context->blocks.find(name);
  if (chain == context->blocks.end() || depth >= chain->second.size())
    return run.undefined_hint("there is no parent block called " + repr(Value(name)) + ".", Value("super"));
  return make<BlockReference>(name, context, depth);
}

Value TemplateReference::item(Runtime& /*runtime*/, const Value& key) {
  if (!context_ || !key.is_string() || !context_->blocks.count(key.as_string())) return {};
  return make<BlockReference>(key.as_string(), context_, 0);
}

std::string TemplateReference::repr() const {
  const std::string name = context_ ? context_->loaded->code->name : "";
  return "<TemplateReference " + (name.empty() ? "None" : render::repr(Value(name))) + ">";
}

Value BlockReference::attribute(Runtime& runtime, std::string_view name) {
  if (name == "name") return name_;
  if (name == "super" && context_)
    return super_block(static_cast<Interpreter&>(runtime), name_, context_, depth_ + 1);
  return {};
}

Value BlockReference::call(Runtime& runtime, Arguments& arguments) {
  bind_arguments(arguments, "BlockReference.__call__", 1, {});
  if (!context_) raise("RuntimeError", "a block of a rendering that is over was called");
  const Ref<BlockReference> alive(this);
  std::string text;
  static_cast<Interpreter&>(runtime).run_block(context_->blocks[name_], depth_, context_, text);
  charge_bytes(text.size());
  return context_->autoescape ? Value::markup(std::move(text)) : Value(std::move(text));
}

Value TemplateModule::attribute(Runtime& /*runtime*/, std::string_view name) {
  if (name == "__name__") return name_.empty() ? Value::none() : Value(name_);
  const Value* found = exported_ ? exported_->find(name) : nullptr;
  return found ? *found : Value();
}

}  // namespace core::render
