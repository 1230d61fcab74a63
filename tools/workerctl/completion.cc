// Completion: a stub in the shell asks `workerctl __complete -- WORDS…` what may stand at the end of a line.
// The answer comes from the table of commands: what is added there is completed here.
#include <set>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "workerctl/command_line.h"

namespace muster::ctl {
namespace {

// clang-format off: these are scripts.
constexpr char kBash[] = R"sh(# bash completion for workerctl: eval "$(workerctl completion bash)"
_workerctl() {
  local line=${COMP_LINE:0:COMP_POINT} words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  mapfile -t COMPREPLY < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
  if [[ ${COMPREPLY[0]} == :files ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$2")
  else  # without descriptions, and without what readline does not replace: all before the last = or colon
    COMPREPLY=("${COMPREPLY[@]%%$'\t'*}")
    COMPREPLY=("${COMPREPLY[@]#"${words[-1]%"$2"}"}")
  fi
}
complete -F _workerctl workerctl
)sh";

constexpr char kZsh[] = R"sh(#compdef workerctl
# zsh completion for workerctl: put it into a folder of $fpath as _workerctl
_workerctl() {
  local -a found
  found=(${(f)"$(workerctl __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)"})
  if [[ $found[1] == :files ]]; then
    _files
  else
    found=(${found//:/\\:})
    found=(${found/$'\t'/:})
    _describe workerctl found
  fi
}
if [[ $funcstack[1] == _workerctl ]]; then _workerctl "$@"; else compdef _workerctl workerctl; fi
)sh";

constexpr char kFish[] =
    R"sh(# fish completion for workerctl: put it into ~/.config/fish/completions/workerctl.fish
function __workerctl_complete
    set -l words (commandline -opc)
    set -l last (commandline -ct)
    set -e words[1]
    set -l found (workerctl __complete -- $words "$last" 2>/dev/null)
    switch "$found"
        case ''
        case :files
            __fish_complete_path "$last"
        case '*'
            printf '%s\n' $found
    end
end
complete -c workerctl -f -a '(__workerctl_complete)'
)sh";
// clang-format on

bool TakesValue(const CLI::Option* option) {
  return option != nullptr && option->get_items_expected_max() > 0;
}

// The option of the command, or of every command; null if there is none of the name.
const CLI::Option* OptionOf(const CommandLine& line, const CLI::App* command, const std::string& name) {
  const CLI::Option* own = command != nullptr ? command->get_option_no_throw(name) : nullptr;
  return own != nullptr ? own : line.app().get_option_no_throw(name);
}

// A line before its last word, read as far as completion needs it. The grammar may be broken.
struct Place {
  bool known = true;                    // false after a command that does not exist
  const CLI::App* command = nullptr;    // null where the command itself is completed
  const CLI::Option* option = nullptr;  // the last word is its value
  int position = 0;                     // of the last word among the arguments of the command
  std::string server;                   // empty if none is given
};

void ReadWord(const CommandLine& line, const std::string& word, Place& place) {
  const auto take_value = [&place](const CLI::Option& option, const std::string& value) {
    if (option.check_name("--server")) place.server = value;
  };
  if (place.option != nullptr) {
    take_value(*place.option, word);
    place.option = nullptr;
  } else if (word.starts_with("-")) {
    const auto equals = word.find('=');
    const CLI::Option* option = OptionOf(line, place.command, word.substr(0, equals));
    if (!TakesValue(option)) return;
    if (equals == std::string::npos) {
      place.option = option;
    } else {
      take_value(*option, word.substr(equals + 1));
    }
  } else if (place.command == nullptr) {
    const auto found =
        line.app().get_subcommands([&word](const CLI::App* app) { return app->get_name() == word; });
    place.known = place.known && !found.empty();
    if (!found.empty()) place.command = found.front();
  } else {
    ++place.position;
  }
}

// What may stand in the place of the last word, one candidate a line, behind it a tab and what it is.
class Answer {
 public:
  Answer(const CommandLine& line, Place place, std::string last, Surroundings& surroundings)
      : line_(line), place_(std::move(place)), last_(std::move(last)), surroundings_(surroundings) {}

  void Print() {
    const auto equals = last_.find('=');
    if (place_.option != nullptr) {
      OfferValues(*place_.option, "");
    } else if (last_.starts_with("--") && equals != std::string::npos) {
      const CLI::Option* option = OptionOf(line_, place_.command, last_.substr(0, equals));
      if (TakesValue(option)) OfferValues(*option, last_.substr(0, equals + 1));
    } else if (last_.starts_with("-")) {
      if (place_.command != nullptr) OfferOptions(*place_.command);
      OfferOptions(line_.app());
    } else if (place_.command != nullptr) {
      OfferArgument(*place_.command);
    } else {
      for (const CLI::App* command : line_.app().get_subcommands([](const CLI::App*) { return true; }))
        Offer(command->get_name(), command->get_description());
    }
  }

 private:
  void Offer(const std::string& candidate, const std::string& about = "") {
    if (!candidate.starts_with(last_) || !offered_.insert(candidate).second) return;
    surroundings_.out << candidate << (about.empty() ? "" : "\t") << about << "\n";
  }

  void OfferOptions(const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) Offer("--" + name, option->get_description());
      for (const std::string& name : option->get_snames()) Offer("-" + name, option->get_description());
    }
  }

  void OfferArgument(const CLI::App& command) {
    int position = 0;
    for (const CLI::Option* option : command.get_options()) {
      if (!option->get_positional()) continue;
      const bool takes_more = option->get_items_expected_max() > 1;
      if (place_.position == position || takes_more) OfferValues(*option, "");
      ++position;
    }
  }

  // `before` is what stands before the value in the same word.
  void OfferValues(const CLI::Option& option, const std::string& before) {
    const std::vector<std::string>* values = line_.ValuesOf(&option);
    if (values == nullptr) return;
    if (values->front() == kFiles) {
      surroundings_.out << kFiles << "\n";  // the shell knows them better
      return;
    }
    for (const std::string& value : values->front() == kWorkerIds ? WorkerIds() : *values)
      Offer(before + value);
  }

  // The first thousand; none if no daemon answers soon.
  std::vector<std::string> WorkerIds() {
    std::ostringstream ids, errors;
    const std::string& server = place_.server.empty() ? surroundings_.server : place_.server;
    RunAside({"list", "-o", "name", "--limit", "1000", "--timeout", "1s"}, surroundings_, server, ids,
             errors);
    const std::string text = ids.str();
    return absl::StrSplit(text, '\n', absl::SkipEmpty());
  }

  const CommandLine& line_;
  const Place place_;
  const std::string last_;
  Surroundings& surroundings_;
  std::set<std::string> offered_;
};

}  // namespace

int Complete(const CommandLine& line, std::vector<std::string> words, Surroundings& surroundings) {
  if (words.empty()) words.emplace_back();
  Place place;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) ReadWord(line, words[i], place);
  if (place.known) Answer(line, place, words.back(), surroundings).Print();
  return kOk;
}

void AddCompletion(CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  CLI::App& command = line.Add("completion", "Print the completion script of a shell",
                               "eval \"$(workerctl completion bash)\"          # in ~/.bashrc\n"
                               "workerctl completion zsh > ~/.zfunc/_workerctl  # a folder of $fpath\n"
                               "workerctl completion fish > ~/.config/fish/completions/workerctl.fish");
  line.Choices(command.add_option("SHELL", *shell, "Which shell")->required(), {"bash", "zsh", "fish"});
  line.OnRun(command, [shell](Session& session) {
    const std::string name = absl::AsciiStrToLower(*shell);
    session.out() << (name == "bash" ? kBash : name == "zsh" ? kZsh : kFish);
    return kOk;
  });
}

}  // namespace muster::ctl
