// workerctl completion, and its script for bash
#include "workerctl/completion.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "workerctl/commands.h"
#include "workerctl/grammar.h"

namespace muster::ctl {
namespace {

using Takes = Argument::Takes;

// clang-format off: it is a script.
constexpr char kBash[] = R"sh(# bash completion for workerctl: eval "$(workerctl completion bash)"
_workerctl_ids() {
  local server=() i
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    case ${words[i]} in
      -s|--server) server=(--server "${words[i+1]}") ;;
      --server=*) server=("${words[i]}") ;;
    esac
  done
  "${words[0]}" list -o name --limit 1000 --timeout 1s "${server[@]}" 2>/dev/null
}

_workerctl() {
  local line=${COMP_LINE:0:COMP_POINT} cur prev word command='' position=0 options='' i
  local words=()
  COMPREPLY=()
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  cur=${words[${#words[@]}-1]}
  prev=${words[${#words[@]}-2]}
  if [[ $cur == --*=* ]]; then
    prev=${cur%%=*}
    cur=${cur#*=}
  fi
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    word=${words[i]}
    case $word in
      @VALUE_OPTIONS@) i=$((i + 1)) ;;
      -*) ;;
      *) if [[ -z $command ]]; then command=$word; else position=$((position + 1)); fi ;;
    esac
  done

  case $command:$prev in
@OPTION_VALUES@  esac

  case $command in
@OPTIONS@  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  fi

  case $command:$position in
@POSITIONALS@  esac
  # What stands before a colon is not replaced by readline.
  if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
  fi
}
complete -F _workerctl workerctl
)sh";
// clang-format on

// What completes the value of an argument.
std::string BashReply(const Argument& argument) {
  switch (argument.takes) {
    case Takes::kChoice:
      return absl::StrCat("COMPREPLY=($(compgen -W '", absl::StrJoin(argument.choices, " "),
                          "' -- \"$cur\"))");
    case Takes::kWorkerId:
      return "COMPREPLY=($(compgen -W \"$(_workerctl_ids)\" -- \"$cur\"))";
    case Takes::kFile:
      return "COMPREPLY=($(compgen -f -- \"$cur\"))";
    case Takes::kNothing:
    case Takes::kText:
      break;
  }
  return ":";
}

std::vector<std::string> NamesOf(const std::vector<Argument>& options) {
  std::vector<std::string> names;
  for (const Argument& option : options) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

void AddOptionValues(const CommandShape& shape, const std::string& command, std::string& cases,
                     std::set<std::string>& with_value) {
  for (const Argument& option : shape.options) {
    if (option.takes == Takes::kNothing) continue;
    with_value.insert(option.names.begin(), option.names.end());
    const std::string pattern = absl::StrJoin(
        option.names, "|",
        [&](std::string* out, const std::string& name) { absl::StrAppend(out, command, ":", name); });
    absl::StrAppend(&cases, "    ", pattern, ") ", BashReply(option), "; return ;;\n");
  }
}

int PrintCompletion(Session& session, const CommandLine& line, const std::string& shell) {
  session.out() << (shell == "bash"  ? BashCompletion(line)
                    : shell == "zsh" ? ZshCompletion(line)
                                     : FishCompletion(line));
  return kOk;
}

}  // namespace

std::string BashCompletion(const CommandLine& line) {
  const CommandShape all = ShapeOfAll(line);
  const std::string everywhere = absl::StrJoin(NamesOf(all.options), " ");
  std::string option_values, options, positionals;
  std::set<std::string> with_value;
  std::vector<std::string> commands;
  for (const CommandShape& command : ShapesOfCommands(line)) {
    commands.push_back(command.name);
    AddOptionValues(command, command.name, option_values, with_value);
    absl::StrAppend(&options, "    ", command.name, ") options='",
                    absl::StrJoin(NamesOf(command.options), " "), " ", everywhere, "' ;;\n");
    for (std::size_t i = 0; i < command.positionals.size(); ++i) {
      const Argument& positional = command.positionals[i];
      absl::StrAppend(&positionals, "    ", command.name, ":", positional.repeated ? "*" : absl::StrCat(i),
                      ") ", BashReply(positional), " ;;\n");
    }
  }
  AddOptionValues(all, "*", option_values, with_value);
  absl::StrAppend(&options, "    *) options='", everywhere, "' ;;\n");
  absl::StrAppend(&positionals, "    :*) COMPREPLY=($(compgen -W '", absl::StrJoin(commands, " "),
                  "' -- \"$cur\")) ;;\n");
  return absl::StrReplaceAll(kBash, {{"@VALUE_OPTIONS@", absl::StrJoin(with_value, "|")},
                                     {"@OPTION_VALUES@", option_values},
                                     {"@OPTIONS@", options},
                                     {"@POSITIONALS@", positionals}});
}

void AddCompletion(CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  CLI::App& command = line.Add("completion", "Print the completion script of a shell",
                               "eval \"$(workerctl completion bash)\"          # in ~/.bashrc\n"
                               "workerctl completion zsh > ~/.zfunc/_workerctl  # a folder of $fpath\n"
                               "workerctl completion fish > ~/.config/fish/completions/workerctl.fish");
  line.Choices(command.add_option("SHELL", *shell, "Which shell")->required(), {"bash", "zsh", "fish"});
  line.OnRun(command, [shell, &line](Session& session) { return PrintCompletion(session, line, *shell); });
}

}  // namespace muster::ctl
