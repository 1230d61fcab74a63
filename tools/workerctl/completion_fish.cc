// The completion script for fish.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "workerctl/completion.h"
#include "workerctl/grammar.h"

namespace muster::ctl {
namespace {

using Takes = Argument::Takes;

// clang-format off: it is a script.
constexpr char kIds[] =
    R"sh(# fish completion for workerctl: put it into ~/.config/fish/completions/workerctl.fish
function __workerctl_ids
    set -l server
    set -l words (commandline -opc)
    for i in (seq (count $words))
        switch $words[$i]
            case -s --server
                set server --server $words[(math $i + 1)]
            case '--server=*'
                set server $words[$i]
        end
    end
    workerctl list -o name --limit 1000 --timeout 1s $server 2>/dev/null
end

complete -c workerctl -f
)sh";
// clang-format on

std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

// The flags of `complete` that say what follows an option or stands as an argument.
std::string Values(const Argument& argument) {
  switch (argument.takes) {
    case Takes::kChoice:
      return absl::StrCat(" -xa ", Quoted(absl::StrJoin(argument.choices, " ")));
    case Takes::kWorkerId:
      return " -xa '(__workerctl_ids)'";
    case Takes::kFile:
      return " -rF";
    case Takes::kText:
      return " -x";
    case Takes::kNothing:
      break;
  }
  return "";
}

void AddOptions(const std::vector<Argument>& options, const std::string& start, std::string& script) {
  for (const Argument& option : options) {
    absl::StrAppend(&script, start);
    for (const std::string& name : option.names) {
      absl::StrAppend(&script, name.starts_with("--") ? " -l " : " -s ",
                      name.substr(name.starts_with("--") ? 2 : 1));
    }
    absl::StrAppend(&script, Values(option), " -d ", Quoted(option.about), "\n");
  }
}

}  // namespace

std::string FishCompletion(const CommandLine& line) {
  std::string script = kIds;
  AddOptions(ShapeOfAll(line).options, "complete -c workerctl", script);
  for (const CommandShape& command : ShapesOfCommands(line)) {
    absl::StrAppend(&script, "complete -c workerctl -n __fish_use_subcommand -a ", command.name, " -d ",
                    Quoted(command.about), "\n");
    const std::string start =
        absl::StrCat("complete -c workerctl -n '__fish_seen_subcommand_from ", command.name, "'");
    AddOptions(command.options, start, script);
    for (const Argument& positional : command.positionals) {
      if (positional.takes != Takes::kText) absl::StrAppend(&script, start, Values(positional), "\n");
    }
  }
  return script;
}

}  // namespace muster::ctl
