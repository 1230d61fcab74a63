#include "workerctl/grammar.h"

namespace muster::ctl {
namespace {

Argument ArgumentOf(const CommandLine& line, const CLI::Option& option) {
  Argument argument;
  for (const std::string& name : option.get_lnames()) argument.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) argument.names.push_back("-" + name);
  if (argument.names.empty()) argument.names.push_back(option.get_name());
  argument.about = option.get_description();
  argument.repeated = option.get_items_expected_max() > 1;
  if (option.get_items_expected_max() == 0) {
    argument.takes = Argument::Takes::kNothing;
  } else if (const auto* choices = line.ChoicesOf(&option)) {
    argument.takes = Argument::Takes::kChoice;
    argument.choices = *choices;
  } else if (line.IsWorkerId(&option)) {
    argument.takes = Argument::Takes::kWorkerId;
  } else if (line.IsFile(&option)) {
    argument.takes = Argument::Takes::kFile;
  }
  return argument;
}

CommandShape ShapeOf(const CommandLine& line, const CLI::App& app) {
  CommandShape shape;
  shape.about = app.get_description();
  for (const CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    (option->get_positional() ? shape.positionals : shape.options).push_back(ArgumentOf(line, *option));
  }
  return shape;
}

}  // namespace

CommandShape ShapeOfAll(const CommandLine& line) {
  return ShapeOf(line, line.app());
}

std::vector<CommandShape> ShapesOfCommands(const CommandLine& line) {
  std::vector<CommandShape> shapes;
  for (const CLI::App* command : line.app().get_subcommands([](const CLI::App*) { return true; })) {
    shapes.push_back(ShapeOf(line, *command));
    shapes.back().name = command->get_name();
  }
  return shapes;
}

}  // namespace muster::ctl
