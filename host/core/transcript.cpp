#include "core/transcript.hpp"

#include <algorithm>
#include <utility>

#include <fnmatch.h>

#include "core/suggest.hpp"
#include "core/world.hpp"
#include "core/yaml.hpp"

namespace core {

namespace {

const std::vector<std::string> kTopKeys{"commands", "requests", "any_order"};
const std::vector<std::string> kKeys{"argv",      "glob",   "repeat",      "detached", "stdin",
                                     "exit_code", "signal", "stdout",      "stderr",   "seconds",
                                     "error",     "pid",    "dies_after_s"};

Error bad(const std::string& name, const std::string& what) {
  return Error{"invalid", name + ": " + what, "see the format of transcripts in docs/testing.md"};
}

Result<Done> check_keys(const Value& tree, const std::vector<std::string>& known, const std::string& where) {
  if (!tree.is_object()) return bad(where, "expected a map");
  for (const auto& [key, value] : tree.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return bad(where, "unknown key '" + key + "'" + did_you_mean(key, known));
  return Done{};
}

Output text_output(const std::string& text) { return Output{text, text.size(), "", ""}; }

Recorded read_recorded(const Value& tree) {
  Recorded recorded;
  recorded.argv = tree.at("argv").get<std::vector<std::string>>();
  recorded.glob = tree.value("glob", false);
  recorded.repeat = tree.value("repeat", false);
  recorded.detached = tree.value("detached", false);
  if (tree.contains("stdin")) recorded.stdin_text = tree["stdin"].get<std::string>();
  recorded.result.exit_code = tree.value("exit_code", 0);
  recorded.result.signal = tree.value("signal", "");
  recorded.result.out = text_output(tree.value("stdout", ""));
  recorded.result.err = text_output(tree.value("stderr", ""));
  recorded.result.seconds = tree.value("seconds", 0.0);
  recorded.pid = tree.value("pid", 0);
  recorded.dies_after_s = tree.value("dies_after_s", -1.0);
  if (const auto error = tree.find("error"); error != tree.end())
    recorded.error = Error{error->value("code", "invalid"), error->value("message", "recorded error"),
                           error->value("hint", "")};
  return recorded;
}

bool same_argv(const Recorded& recorded, const std::vector<std::string>& argv) {
  if (!recorded.glob) return recorded.argv == argv;
  return std::equal(
      argv.begin(), argv.end(), recorded.argv.begin(), recorded.argv.end(),
      [](const auto& word, const auto& pattern) { return ::fnmatch(pattern.c_str(), word.c_str(), 0) == 0; });
}

bool matches(const Recorded& recorded, const Command& command, bool detached) {
  return recorded.detached == detached && same_argv(recorded, command.argv) &&
         (!recorded.stdin_text || *recorded.stdin_text == command.stdin_text);
}

}  // namespace

Result<Transcript> read_transcript(const Value& tree, const std::string& name) {
  if (auto fine = check_keys(tree, kTopKeys, name); !fine) return fine.error();
  Transcript transcript;
  transcript.name = name;
  try {
    transcript.any_order = tree.value("any_order", false);
    for (const auto& item : tree.value("commands", Value::array())) {
      const std::string where = name + ", command " + std::to_string(transcript.commands.size() + 1);
      if (auto fine = check_keys(item, kKeys, where); !fine) return fine.error();
      if (!item.contains("argv")) return bad(where, "argv is missing");
      transcript.commands.push_back(read_recorded(item));
    }
  } catch (const nlohmann::json::exception& e) {
    return bad(name + ", command " + std::to_string(transcript.commands.size() + 1), e.what());
  }
  return transcript;
}

Result<Transcript> load_transcript(const std::string& path) {
  auto document = load_yaml(path);
  if (!document) return document.error();
  return read_transcript(document->value, path);
}

ReplayRunner::ReplayRunner(World& world, Transcript transcript)
    : world_(world), transcript_(std::move(transcript)), uses_(transcript_.commands.size()) {}

Recorded* ReplayRunner::find(const Command& command, bool detached) {
  auto& commands = transcript_.commands;
  const auto take = [&](std::size_t i) {
    ++uses_[i];
    if (!transcript_.any_order) next_ = i + 1;
    return &commands[i];
  };
  if (!transcript_.any_order) {
    if (next_ < commands.size() && matches(commands[next_], command, detached)) return take(next_);
    const bool again =
        next_ > 0 && commands[next_ - 1].repeat && matches(commands[next_ - 1], command, detached);
    return again ? take(next_ - 1) : nullptr;
  }
  for (const bool repeating : {false, true})
    for (std::size_t i = 0; i < commands.size(); ++i)
      if ((repeating ? commands[i].repeat : uses_[i] == 0) && matches(commands[i], command, detached))
        return take(i);
  return nullptr;
}

Error ReplayRunner::mismatch(const Command& command) const {
  const std::string text = command_text(command.argv);
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (std::size_t i = 0; i < transcript_.commands.size(); ++i) {
    const std::string recorded = command_text(transcript_.commands[i].argv);
    ranked.emplace_back(edit_distance(text, recorded), "#" + std::to_string(i + 1) + " " + recorded);
  }
  std::string expected = transcript_.any_order ? "" : "; it has no more answers";
  if (!transcript_.any_order && next_ < transcript_.commands.size())
    expected =
        "; next is #" + std::to_string(next_ + 1) + " " + command_text(transcript_.commands[next_].argv);
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Value nearest_commands = Value::array();
  std::string hint = "nearest:";
  for (std::size_t i = 0; i < ranked.size() && i < 3; ++i) {
    nearest_commands.push_back(ranked[i].second);
    hint += "\n  " + ranked[i].second;
  }
  return Error{"invalid", transcript_.name + " has no answer for: " + text + expected,
               ranked.empty() ? "" : hint}
      .with("command", text)
      .with("nearest", nearest_commands);
}

Result<std::shared_ptr<Child>> ReplayRunner::start(Command command) {
  const Recorded* recorded = find(command, false);
  if (!recorded) return mismatch(command);
  const bool could_start =
      !recorded->error || recorded->error->code == "timeout" || recorded->error->code == "cancelled";
  if (!could_start) return Error(*recorded->error).with("command", command_text(command.argv));
  return make_canned_child(world_, std::move(command), recorded->result, recorded->error);
}

Result<std::string> ReplayRunner::which(const std::string& name) {
  std::vector<std::string> programs;
  for (const auto& recorded : transcript_.commands)
    if (!recorded.argv.empty()) programs.push_back(recorded.argv[0]);
  if (std::find(programs.begin(), programs.end(), name) != programs.end()) return "/replay/" + name;
  return Error{"not_found", "cannot run " + name + ": " + transcript_.name + " never runs it" +
                                did_you_mean(name, programs)}
      .with("program", name);
}

Result<Detached> ReplayRunner::start_detached(Command command, const std::string&) {
  const Recorded* recorded = find(command, true);
  if (!recorded) return mismatch(command);
  if (recorded->error) return Error(*recorded->error).with("command", command_text(command.argv));
  const auto number = static_cast<int>(processes_.size()) + 1;
  const Detached id{recorded->pid > 0 ? recorded->pid : 100'000 + number, "replay-" + std::to_string(number)};
  const bool dies = recorded->dies_after_s >= 0;
  const auto dies_at = world_.clock->monotonic_ns() + static_cast<std::int64_t>(recorded->dies_after_s * 1e9);
  processes_.push_back({id, dies ? dies_at : INT64_MAX});
  return id;
}

Life ReplayRunner::life(const Detached& process) {
  for (const auto& known : processes_)
    if (known.id.start == process.start && known.id.pid == process.pid)
      return {!known.stopped && world_.clock->monotonic_ns() < known.dies_at_ns, std::nullopt};
  return {};
}

Cancel ReplayRunner::stop(const Detached& process, double, Callback<bool> done) {
  const bool alive = life(process).alive;
  for (auto& known : processes_)
    if (known.id.start == process.start) known.stopped = true;
  world_.loop.post([done = std::move(done), alive] { done(alive); });
  return {};
}

std::vector<std::string> ReplayRunner::unused() const {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < uses_.size(); ++i)
    if (uses_[i] == 0) texts.push_back(command_text(transcript_.commands[i].argv));
  return texts;
}

}  // namespace core
