// The completion script for zsh.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "workerctl/completion.h"
#include "workerctl/grammar.h"

namespace muster::ctl {
namespace {

using Takes = Argument::Takes;

// clang-format off: it is a script.
constexpr char kZsh[] = R"sh(#compdef workerctl
# zsh completion for workerctl: put it into a folder of $fpath as _workerctl
_workerctl_ids() {
  local -a ids server
  local given=${opt_args[--server]:-${opt_args[-s]}}
  [[ -n $given ]] && server=(--server "$given")
  ids=(${(f)"$(workerctl list -o name --limit 1000 --timeout 1s $server 2>/dev/null)"})
  compadd -a ids
}

_workerctl() {
  local context state state_descr line
  typeset -A opt_args
  local -a everywhere commands
  everywhere=(
@EVERYWHERE@  )
  commands=(
@COMMANDS@  )
  _arguments -C $everywhere '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $words[1] in
@ARGUMENTS@      esac ;;
  esac
}

if [[ $funcstack[1] == _workerctl ]]; then _workerctl "$@"; else compdef _workerctl workerctl; fi
)sh";
// clang-format on

// Inside single quotes, in the text of an _arguments spec.
std::string SpecText(const std::string& text) {
  return absl::StrReplaceAll(text, {{"'", "'\\''"}, {"[", "\\["}, {"]", "\\]"}, {":", "\\:"}});
}

std::string Action(const Argument& argument) {
  switch (argument.takes) {
    case Takes::kChoice:
      return absl::StrCat("(", absl::StrJoin(argument.choices, " "), ")");
    case Takes::kWorkerId:
      return "_workerctl_ids";
    case Takes::kFile:
      return "_files";
    case Takes::kNothing:
    case Takes::kText:
      break;
  }
  return " ";
}

std::string OptionSpecs(const std::vector<Argument>& options, const std::string& indent) {
  std::string specs;
  for (const Argument& option : options) {
    for (const std::string& name : option.names) {
      const bool value = option.takes != Takes::kNothing;
      absl::StrAppend(&specs, indent, "'", option.repeated ? "*" : "", name, "[", SpecText(option.about), "]",
                      value ? absl::StrCat(":value:", Action(option)) : "", "'\n");
    }
  }
  return specs;
}

std::string Arguments(const CommandShape& command) {
  std::string specs = OptionSpecs(command.options, "");
  for (std::size_t i = 0; i < command.positionals.size(); ++i) {
    const Argument& positional = command.positionals[i];
    absl::StrAppend(&specs, "'", positional.repeated ? "*" : absl::StrCat(i + 1), ":",
                    positional.names.front(), ":", Action(positional), "'\n");
  }
  return absl::StrCat("        ", command.name, ") _arguments $everywhere ",
                      absl::StrReplaceAll(specs, {{"'\n'", "' '"}, {"\n", " "}}), ";;\n");
}

}  // namespace

std::string ZshCompletion(const CommandLine& line) {
  std::string commands, arguments;
  for (const CommandShape& command : ShapesOfCommands(line)) {
    absl::StrAppend(&commands, "    '", command.name, ":", SpecText(command.about), "'\n");
    absl::StrAppend(&arguments, Arguments(command));
  }
  return absl::StrReplaceAll(kZsh, {{"@EVERYWHERE@", OptionSpecs(ShapeOfAll(line).options, "    ")},
                                    {"@COMMANDS@", commands},
                                    {"@ARGUMENTS@", arguments}});
}

}  // namespace muster::ctl
