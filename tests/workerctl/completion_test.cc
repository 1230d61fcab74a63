// The user presses Tab, and the stub of its shell offers what the table of commands has.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "fake_musterd.h"
#include "run.h"

using namespace muster::ctl::testing;

namespace {

// The file of a stub, for as long as the test lasts.
class StubFile {
 public:
  explicit StubFile(const std::string& shell) {
    std::string path = (std::filesystem::temp_directory_path() / "workerctl-completion-XXXXXX").string();
    REQUIRE(::mkstemp(path.data()) >= 0);
    path_ = path;
    std::ofstream(path_) << Run({"completion", shell}).out;
  }
  ~StubFile() { std::filesystem::remove(path_); }
  StubFile(const StubFile&) = delete;
  StubFile& operator=(const StubFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The output of a command, and its exit code at the end.
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

// What bash offers at the end of a line. Like readline, this hands over the part of the last word that an
// offer replaces.
std::string Completed(const StubFile& stub, const std::string& line) {
  const std::string replaced = line.substr(line.find_last_of(" =:") + 1);
  return Shell("bash --norc -c 'PATH=\"" WORKERCTL_FOLDER ":$PATH\"; source " + stub.path() +
               "; COMP_LINE=\"" + line + "\"; COMP_POINT=${#COMP_LINE}; _workerctl workerctl \"" + replaced +
               "\"; echo \"${COMPREPLY[*]}\"'");
}

}  // namespace

TEST_CASE("bash completes commands, options, their values and positionals") {
  const StubFile stub("bash");
  CHECK(Completed(stub, "workerctl re") == "register\n[0]");
  CHECK(Completed(stub, "workerctl s") == "set-status summary\n[0]");
  CHECK(Completed(stub, "workerctl list --sta") == "--status\n[0]");
  CHECK(Completed(stub, "workerctl list --status O") == "Offline\n[0]");
  CHECK(Completed(stub, "workerctl list --status=O") == "Offline\n[0]");
  CHECK(Completed(stub, "workerctl list --status=") == "Pending Active Offline Failed\n[0]");
  CHECK(Completed(stub, "workerctl -o w") == "wide\n[0]");
  CHECK(Completed(stub, "workerctl --server 127.0.0.1:1 li") == "list\n[0]");
  CHECK(Completed(stub, "workerctl list --out") == "--output\n[0]");
  CHECK(Completed(stub, "workerctl list --h") == "--help\n[0]");
  CHECK(Completed(stub, "workerctl set-status worker-1 F") == "Failed\n[0]");
  CHECK(Completed(stub, "workerctl set-status worker-1 Failed --ex") == "--expect --expected-revision\n[0]");
  CHECK(Completed(stub, "workerctl completion ") == "bash zsh fish\n[0]");
}

TEST_CASE("bash completes nothing where any text will do, and behind a command that does not exist") {
  const StubFile stub("bash");
  CHECK(Completed(stub, "workerctl register --region ") == "\n[0]");
  CHECK(Completed(stub, "workerctl register wor") == "\n[0]");
  CHECK(Completed(stub, "workerctl lst --sta") == "\n[0]");
}

TEST_CASE("bash completes the ids of workers, from the server of the line") {
  FakeMusterd server;
  for (const char* id : {"gpu-1", "gpu-2", "rack:7", "rack:8"}) server.workers[id].set_id(id);
  const StubFile stub("bash");
  const std::string start = "workerctl --server " + server.address() + " ";
  CHECK(Completed(stub, start + "get gp") == "gpu-1 gpu-2\n[0]");
  CHECK(Completed(stub, start + "heartbeat gpu-1 gpu-2 rack:") == "7 8\n[0]");
  CHECK(Completed(stub, "workerctl get gp --server=" + server.address()) == "\n[0]");
  CHECK(Completed(stub, "workerctl unregister --server=" + server.address() + " gpu-2") == "gpu-2\n[0]");
  CHECK(Completed(stub, "workerctl --server 127.0.0.1:1 get gp") == "\n[0]");  // no daemon listens there
}

TEST_CASE("bash completes files") {
  const StubFile stub("bash");
  const std::string most = stub.path().substr(0, stub.path().size() - 1);
  CHECK(Completed(stub, "workerctl register -f " + most) == stub.path() + "\n[0]");
  CHECK(Completed(stub, "workerctl register --file=" + most) == stub.path() + "\n[0]");
}

TEST_CASE("a candidate comes with what it is") {
  CHECK(Run({"__complete", "--", "summ"}).out ==
        "summary\tShow the fleet in numbers: by status, by region, and how the daemon is\n");
  CHECK(Run({"__complete", "--", "list", "--lim"}).out == "--limit\tAt most so many (default: all)\n");
  CHECK_FALSE(Contains(Run({"--help"}).out, "__complete"));
}

TEST_CASE("the shells find no mistake in their stubs") {
  CHECK(Shell("bash -n " + StubFile("bash").path()) == "[0]");
  if (IsInstalled("zsh")) CHECK(Shell("zsh -n " + StubFile("zsh").path()) == "[0]");
  if (IsInstalled("fish")) CHECK(Shell("fish --no-execute " + StubFile("fish").path()) == "[0]");
}
