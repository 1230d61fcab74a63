// The completion scripts are valid, and complete what the grammar has.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

#include "catch.h"
#include "run.h"

using namespace muster::ctl::testing;

namespace {

// A script in a file of its own, for as long as the test lasts.
class ScriptFile {
 public:
  explicit ScriptFile(const std::string& text) {
    std::string path = (std::filesystem::temp_directory_path() / "workerctl-completion-XXXXXX").string();
    REQUIRE(::mkstemp(path.data()) >= 0);
    path_ = path;
    std::ofstream(path_) << text;
  }
  ~ScriptFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Standard output of a command, and its exit code at the end.
std::string Shell(const std::string& command) {
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  return out + "[" + std::to_string(::pclose(pipe)) + "]";
}

bool IsInstalled(const std::string& shell) {
  return Shell("command -v " + shell + " >/dev/null").ends_with("[0]");
}

// What bash offers at the end of a line.
std::string Completed(const ScriptFile& script, const std::string& line) {
  return Shell("bash --norc -c 'source " + script.path() + "; COMP_LINE=\"" + line +
               "\"; COMP_POINT=${#COMP_LINE}; _workerctl; echo ${COMPREPLY[*]}'");
}

}  // namespace

TEST_CASE("bash completes commands, options, their values and positionals") {
  const ScriptFile script(Run({"completion", "bash"}).out);
  CHECK(Shell("bash -n " + script.path()) == "[0]");
  CHECK(Completed(script, "workerctl re") == "register\n[0]");
  CHECK(Completed(script, "workerctl s") == "set-status summary\n[0]");
  CHECK(Completed(script, "workerctl list --sta") == "--status\n[0]");
  CHECK(Completed(script, "workerctl list --status O") == "Offline\n[0]");
  CHECK(Completed(script, "workerctl list --status=O") == "Offline\n[0]");
  CHECK(Completed(script, "workerctl -o w") == "wide\n[0]");
  CHECK(Completed(script, "workerctl --server 127.0.0.1:1 li") == "list\n[0]");
  CHECK(Completed(script, "workerctl list --out") == "--output\n[0]");
  CHECK(Completed(script, "workerctl set-status worker-1 F") == "Failed\n[0]");
  CHECK(Completed(script, "workerctl set-status worker-1 Failed --ex") ==
        "--expect --expected-revision\n[0]");
  CHECK(Completed(script, "workerctl completion ") == "bash zsh fish\n[0]");
  CHECK(Completed(script, "workerctl register --region ") == "\n[0]");
}

TEST_CASE("every command and option is in every script") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    const std::string script = Run({"completion", shell}).out;
    for (const char* word :
         {"set-status", "run-scheduler", "expected-revision", "no-color", "Offline", "newest-first"}) {
      CHECK(Contains(script, word));
    }
    CHECK_FALSE(std::regex_search(script, std::regex("@[A-Z_]+@")));  // a place that was not filled in
  }
}

TEST_CASE("zsh and fish find no mistake in their scripts") {
  const ScriptFile zsh(Run({"completion", "zsh"}).out);
  const ScriptFile fish(Run({"completion", "fish"}).out);
  if (IsInstalled("zsh")) CHECK(Shell("zsh -n " + zsh.path()) == "[0]");
  if (IsInstalled("fish")) CHECK(Shell("fish --no-execute " + fish.path()) == "[0]");
}
