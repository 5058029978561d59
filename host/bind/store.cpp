// host.store: folders of runs, journals, manifests.
#include "core/store.hpp"

#include "core/env.hpp"
#include "script/stack.hpp"
#include "script/task.hpp"

namespace bind {

namespace {

using core::Value;

constexpr const char* kJournal = "host.store.Journal";

int l_new_run(lua_State* L) {
  const auto workspace = script::check_string(L, 1);
  if (workspace.empty()) throw core::UsageError("store.new_run: the workspace is empty");
  const auto opts = script::options(
      L, 2, "store.new_run", {{"user", core::user_name()}, {"subfolders", Value::array({"logs", "plan"})}});
  std::vector<std::string> subfolders;
  for (const auto& name : opts["subfolders"]) {
    if (!name.is_string()) throw core::UsageError("option 'subfolders': expected a list of names");
    subfolders.push_back(name);
  }
  const auto folder =
      core::make_run_folder(workspace, opts["user"], script::world(L).clock->wall_ns(), subfolders);
  if (!folder) return script::fail(L, folder.error());
  Value result{{"path", folder->path}, {"name", folder->name}};
  if (!folder->note.empty()) result["note"] = folder->note;
  script::push(L, result);
  return 1;
}

struct JournalHandle {
  std::shared_ptr<core::Journal> journal;  // null once closed
};

int l_journal(lua_State* L) {
  auto journal = core::Journal::open(script::check_string(L, 1));
  if (!journal) return script::fail(L, journal.error());
  Value entries = Value::array();
  for (auto& entry : (*journal)->take_entries()) entries.push_back(std::move(entry));
  script::push_object(L, kJournal, JournalHandle{std::shared_ptr<core::Journal>(std::move(*journal))});
  script::push(L, entries);
  return 2;
}

int l_journal_append(lua_State* L) {
  auto& handle = script::check_object<JournalHandle>(L, 1, kJournal);
  const auto entry = script::check_value(L, 2);
  if (!handle.journal) throw core::UsageError("journal:append: the journal is closed");
  if (!entry.is_object()) throw core::UsageError("journal:append: expected a table with named fields");
  const auto seq = handle.journal->append(entry);
  if (!seq) return script::fail(L, seq.error());
  lua_pushnumber(L, static_cast<double>(*seq));
  return 1;
}

int l_journal_close(lua_State* L) {
  script::check_object<JournalHandle>(L, 1, kJournal).journal.reset();
  return 0;
}

int l_read_journal(lua_State* L) {
  auto content = core::read_journal(script::check_string(L, 1));
  if (!content) return script::fail(L, content.error());
  script::push(L, Value(std::move(content->entries)));
  return 1;
}

int l_hash_tree(lua_State* L) { return script::push_result(L, core::hash_tree(script::check_string(L, 1))); }

int l_seal(lua_State* L) {
  const auto dir = script::check_string(L, 1);
  auto facts = lua_isnoneornil(L, 2) ? Value::object() : script::check_value(L, 2);
  if (facts.is_array() && facts.empty()) facts = Value::object();
  if (!facts.is_object())
    throw core::UsageError("store.seal: argument 2: expected a table with named fields");
  const auto digest = core::write_manifest(dir, std::move(facts));
  if (!digest) return script::fail(L, digest.error());
  script::push_text(L, *digest);
  return 1;
}

int l_verify(lua_State* L) {
  const auto damages = core::check_manifest(script::check_string(L, 1));
  if (!damages) return script::fail(L, damages.error());
  Value list = Value::array();
  for (const auto& damage : *damages) list.push_back({{"name", damage.name}, {"what", damage.what}});
  script::push(L, list);
  return 1;
}

constexpr script::Function kJournalMethods[] = {
    {"append", script::guard<l_journal_append>},
    {"close", script::guard<l_journal_close>},
    {"__gc", script::collect<JournalHandle>},
};

constexpr script::Function kFunctions[] = {
    {"new_run", script::guard<l_new_run>},
    {"journal", script::guard<l_journal>},
    {"read_journal", script::guard<l_read_journal>},
    {"hash_tree", script::guard<l_hash_tree>},
    {"seal", script::guard<l_seal>},
    {"verify", script::guard<l_verify>},
};

}  // namespace

int open_store(lua_State* L) {
  script::metatable(L, kJournal, kJournalMethods);
  lua_pop(L, 1);
  return script::module(L, "host.store", kFunctions);
}

}  // namespace bind
