// musterd: reads its configuration, starts the daemon, and handles signals until one tells it to stop.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "daemon/bus_error.h"
#include "daemon/daemon.h"
#include "daemon/load.h"
#include "daemon/signals.h"
#include "runtime/log.h"

namespace {

using namespace muster;  // NOLINT(google-build-using-namespace)

std::optional<std::string> Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// If the daemon was started with one of these closed, the next file that it opens would be it: the log would
/// go into the database, or to a client. (A library that opens one before main has it; that is no file.)
void HoldStandardDescriptors() {
  for (int opened = 0; opened >= 0 && opened <= STDERR_FILENO;) {
    opened = ::open("/dev/null", O_RDWR);
    if (opened > STDERR_FILENO) ::close(opened);
  }
}

int End(const daemon::EndNow& end) {
  if (end.exit_code == daemon::kExitOk) {
    std::fputs(end.text.c_str(), stdout);
  } else {
    std::fprintf(stderr, "musterd: %s\nRun musterd --help for all settings.\n", end.text.c_str());
  }
  return end.exit_code;
}

void Reload(const daemon::Sources& sources, daemon::Daemon& daemon) {
  const auto loaded = daemon::Load(sources);
  if (const auto* refused = std::get_if<daemon::EndNow>(&loaded)) {
    Log(LogLevel::kError, "not reloaded: the old settings stay", {{"because", refused->text}});
  } else {
    daemon.Reload(std::get<daemon::Loaded>(loaded).config);
  }
}

}  // namespace

int main(int argc, char** argv) {
  HoldStandardDescriptors();
  const daemon::Sources sources{{argv + 1, argv + argc}, Environment};
  const auto loaded = daemon::Load(sources);
  if (const auto* end = std::get_if<daemon::EndNow>(&loaded)) return End(*end);

  daemon::SayBusErrors(daemon::WithoutPassword(std::get<daemon::Loaded>(loaded).config.store));
  daemon::Signals signals(/*grace=*/absl::Milliseconds(4'800));
  auto daemon = daemon::Daemon::Start(
      std::get<daemon::Loaded>(loaded).config,
      {[&signals](absl::Duration time) { return signals.StopsWithin(time); },
       [&signals] {
         Log(LogLevel::kError, "the disk under the store failed: ending; the next start repairs what it can");
         signals.StopBecause(daemon::kExitDisk);
       }});
  if (absl::IsCancelled(daemon.status())) return daemon::kExitOk;
  if (!daemon.ok()) {
    Log(LogLevel::kError, "cannot start", {{"because", std::string(daemon.status().message())}});
    return daemon::kExitRuntime;
  }
  while (signals.Next() == daemon::SignalEvent::kReload) Reload(sources, **daemon);
  (*daemon)->Stop();
  return signals.exit_code();
}
