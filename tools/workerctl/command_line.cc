#include "workerctl/command_line.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "workerctl/arguments.h"

namespace muster::ctl {
namespace {

constexpr char kAbout[] = "Keeps and shows the roll of a fleet of workers, by talking to musterd.";

constexpr char kFooter[] =
    R"(The options above may stand before or after the command.

Exit codes:
    0  done
    1  refused: the daemon answered, and said no (also: its store is away, it is overloaded or shutting down;
       and the output could not be written)
    2  wrong usage: nothing was sent
    3  unreachable: no daemon answered before --timeout
  130  interrupted

Examples:
  workerctl register worker-1 --region eu-west-1 --capacity 4
  workerctl heartbeat worker-1
  workerctl list --status Active -o wide
  workerctl COMMAND --help)";

std::string Indented(const std::string& lines) {
  return absl::StrCat("  ", absl::StrReplaceAll(lines, {{"\n", "\n  "}}));
}

OutputForm FormOf(const std::string& name) {
  if (name == "wide") return OutputForm::kWide;
  if (name == "json") return OutputForm::kJson;
  if (name == "yaml") return OutputForm::kYaml;
  if (name == "name") return OutputForm::kName;
  return OutputForm::kTable;
}

}  // namespace

CommandLine::CommandLine(const std::string& server) : app_(kAbout, "workerctl") {
  common_.server = server.empty() ? kDefaultServer : server;
  app_.require_subcommand(1);
  app_.get_formatter()->column_width(32);
  app_.set_help_flag("-h,--help", "Show this help and exit");
  app_.footer(kFooter);
  app_.failure_message([](const CLI::App*, const CLI::Error& error) { return std::string(error.what()); });

  server_option_ =
      app_.add_option("-s,--server", common_.server,
                      absl::StrCat("Where musterd listens; else MUSTER_SERVER, else ", kDefaultServer))
          ->type_name("HOST:PORT");
  app_.add_option("--timeout", timeout_, "How long to wait for each answer (default 10s)")
      ->type_name("DURATION");
  Choices(app_.add_option("-o,--output", form_,
                          "The form of the output: wide has more columns, name has ids only")
              ->type_name("FORM"),
          {"table", "wide", "json", "yaml", "name"});
  app_.add_flag("--no-color", common_.no_colour, "No colours (as if NO_COLOR were set)");
}

CLI::App& CommandLine::Add(const std::string& name, const std::string& about, const std::string& examples,
                           const std::string& details) {
  CLI::App& command = *app_.add_subcommand(name, about);
  command.fallthrough();
  command.footer(absl::StrCat(
      details.empty() ? "" : details, details.empty() ? "" : "\n\n", "Examples:\n", Indented(examples),
      "\n\nOptions of every command (--server, --timeout, --output, …) and exit codes: ",
      "workerctl --help"));
  return command;
}

void CommandLine::OnRun(CLI::App& command, Run run, std::function<void()> check) {
  command.callback([this, run = std::move(run), check = std::move(check)] {
    if (check) check();
    chosen_ = run;
  });
}

void CommandLine::Choices(CLI::Option* option, const std::vector<std::string>& values) {
  option->check(CLI::IsMember(values, CLI::ignore_case)
                    .description(absl::StrCat("{", CLI::detail::join(values, "|"), "}")));
  values_[option] = values;
}

const std::vector<std::string>* CommandLine::ValuesOf(const CLI::Option* option) const {
  const auto found = values_.find(option);
  return found == values_.end() ? nullptr : &found->second;
}

void CommandLine::Parse(const std::vector<std::string>& arguments) {
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
  app_.parse(std::move(reversed));
  common_.timeout = ParseTimeout(timeout_);
  common_.form = FormOf(form_);
  common_.server_given = server_option_->count() > 0;
  CheckServer(common_.server);
}

CommonOptions CommandLine::common() const {
  return common_;
}

}  // namespace muster::ctl
