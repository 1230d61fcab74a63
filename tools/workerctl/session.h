// What a command works with: the server, the form of the output, and where it goes.
#pragma once

#include <functional>
#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "workerctl/connection.h"
#include "workerctl/document.h"
#include "workerctl/failure.h"
#include "workerctl/table.h"
#include "workerctl/terminal.h"

namespace muster::ctl {

/// What the process is surrounded by; a test hands in its own. All of it outlives the run.
struct Surroundings {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  const Clock& clock;
  std::function<void(absl::Duration)> wait;
  std::function<Terminal(bool no_colour)> terminal;  // of `out`
  std::string server;                                // MUSTER_SERVER, or empty
  std::string executable;                            // this program's own path, or empty
};

enum class OutputForm { kTable, kWide, kJson, kYaml, kName };

/// The options that every command takes.
struct CommonOptions {
  std::string server;
  bool server_given = false;  // by option, not by the environment
  absl::Duration timeout = absl::Seconds(10);
  OutputForm form = OutputForm::kTable;
  bool no_colour = false;
};

/// Runs one command line (without the program's name) and returns the exit code. Never throws.
int RunWorkerctl(const std::vector<std::string>& arguments, Surroundings& surroundings);
/// The same from inside a command: with other streams, and `server` in the place of MUSTER_SERVER.
int RunAside(const std::vector<std::string>& arguments, const Surroundings& surroundings,
             const std::string& server, std::ostream& out, std::ostream& err);

class Session {
 public:
  Session(Surroundings& surroundings, CommonOptions options);

  /// Made at its first use: a command that never calls the server has none, nor its threads.
  Connection& connection();
  const CommonOptions& options() const { return options_; }
  OutputForm form() const { return options_.form; }
  bool is_table() const { return form() == OutputForm::kTable || form() == OutputForm::kWide; }
  const Terminal& terminal() const { return terminal_; }
  Surroundings& surroundings() { return surroundings_; }
  std::ostream& out() { return surroundings_.out; }
  absl::Time Now() const { return surroundings_.clock.WallNow(); }

  /// One thing in a form for programs: JSON or YAML. Precondition: the form is one of them.
  void Print(const Json& document);

  /// A remark for people that is no part of the output; only where people read along.
  void Remark(const std::string& text);

  Attempt AttemptOf(std::string command, std::string worker_id = "", bool one_of_several = false) const;
  /// Tells the failure on the error stream and returns its exit code.
  int Fail(const Failure& failure);
  int Fail(const grpc::Status& status, const Attempt& attempt) { return Fail(Explain(status, attempt)); }

 private:
  Surroundings& surroundings_;
  CommonOptions options_;
  Terminal terminal_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace muster::ctl
