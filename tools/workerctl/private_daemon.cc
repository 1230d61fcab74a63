#include "workerctl/private_daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "workerctl/interrupt.h"

namespace muster::ctl {
namespace {

constexpr absl::Duration kStep = absl::Milliseconds(20);
constexpr int kStepsToStart = 500;  // 10 s
constexpr int kStepsToStop = 250;   // 5 s: what musterd promises for its own shutdown

// The text of the file without the white space around it; empty if there is no file.
std::string ReadStripped(const std::string& path) {
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return std::string(absl::StripAsciiWhitespace(text));
}

// Settings of other daemons stay out.
std::vector<char*> EnvironmentForDaemon() {
  std::vector<char*> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!absl::StartsWith(*entry, "MUSTERD_")) entries.push_back(*entry);
  }
  entries.push_back(nullptr);
  return entries;
}

// Between fork and exec: nothing but system calls.
[[noreturn]] void BecomeDaemon(char* const* arguments, char* const* environment, const char* log,
                               pid_t parent) {
  ::setpgid(0, 0);  // Ctrl-C is for workerctl, which then ends the daemon
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int output = ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execve(arguments[0], arguments, environment);
  ::_exit(127);
}

}  // namespace

std::string FindMusterd(const std::string& executable) {
  const char* path = ::getenv("PATH");
  std::vector<std::string> folders = absl::StrSplit(path != nullptr ? path : "", ':', absl::SkipEmpty());
  if (!executable.empty()) {
    folders.insert(folders.begin(), std::filesystem::path(executable).parent_path().string());
  }
  for (const std::string& folder : folders) {
    const std::string candidate = absl::StrCat(folder, "/musterd");
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

PrivateDaemon::~PrivateDaemon() {
  Stop();
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

std::optional<std::string> PrivateDaemon::Start(const std::string& musterd,
                                                const std::vector<std::string>& flags) {
  std::error_code error;
  std::string directory = (std::filesystem::temp_directory_path(error) / "workerctl-demo-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) {
    return absl::StrCat("cannot make a directory like ", directory, ": ", std::strerror(errno));
  }
  directory_ = directory;

  std::vector<std::string> words = {musterd, "--grpc-listen=127.0.0.1:0",
                                    "--http-listen=", absl::StrCat("--store=sqlite:", directory_, "/demo.db"),
                                    absl::StrCat("--port-file=", directory_, "/port")};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::vector<char*> environment = EnvironmentForDaemon();
  const std::string log = directory_ + "/musterd.log";
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) BecomeDaemon(arguments.data(), environment.data(), log.c_str(), parent);
  if (pid_ < 0) return absl::StrCat("cannot start a process: ", std::strerror(errno));

  for (int step = 0; step < kStepsToStart; ++step) {
    address_ = ReadStripped(directory_ + "/port");  // musterd writes it whole or not at all
    if (!address_.empty()) return std::nullopt;
    if (HasEnded()) return absl::StrCat("musterd did not start: ", LastWords());
    if (!interrupt_.WaitFor(kStep)) return "interrupted";
  }
  return absl::StrCat("musterd did not say where it listens: ", LastWords());
}

bool PrivateDaemon::HasEnded() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ < 0;
}

std::string PrivateDaemon::LastWords() const {
  constexpr std::size_t kMax = 400;
  const std::string told = ReadStripped(directory_ + "/musterd.log");
  if (told.empty()) return "it said nothing";
  return absl::StrReplaceAll(told.substr(told.size() - std::min(kMax, told.size())), {{"\n", " | "}});
}

void PrivateDaemon::Stop() {
  if (HasEnded()) return;
  ::kill(pid_, SIGTERM);
  for (int step = 0; step < kStepsToStop && !HasEnded(); ++step) {
    ::usleep(static_cast<useconds_t>(absl::ToInt64Microseconds(kStep)));  // not cut short by a second Ctrl-C
  }
  if (HasEnded()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace muster::ctl
