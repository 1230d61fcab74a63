#include "workerctl/session.h"

#include <utility>

namespace muster::ctl {

Session::Session(Surroundings& surroundings, CommonOptions options)
    : surroundings_(surroundings),
      options_(std::move(options)),
      terminal_(surroundings.terminal(options_.no_colour)) {}

Connection& Session::connection() {
  if (connection_ == nullptr) connection_ = std::make_unique<Connection>(options_.server, options_.timeout);
  return *connection_;
}

void Session::Print(const Json& document) {
  out() << (form() == OutputForm::kYaml ? Yaml(document) : PrettyJson(document));
}

void Session::Remark(const std::string& text) {
  if (is_table()) surroundings_.err << text << "\n";
}

Attempt Session::AttemptOf(std::string command, std::string worker_id, bool one_of_several) const {
  return {std::move(command), std::move(worker_id), options_.server, options_.timeout, one_of_several};
}

int Session::Fail(const Failure& failure) {
  out().flush();  // what came before reads before
  surroundings_.err << FailureText(failure) << std::flush;
  return failure.exit_code;
}

}  // namespace muster::ctl
