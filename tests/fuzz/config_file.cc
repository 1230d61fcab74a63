// The config file of musterd: it is refused with a reason, or its settings are good, and what --check-config
// prints of them is a file with the same settings.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "daemon/flags.h"
#include "daemon/load.h"
#include "domain/text.h"
#include "muster/check.h"

namespace muster::daemon {
namespace {

/// A file in memory, which has a path all the same.
class ConfigFile {
 public:
  explicit ConfigFile(std::string_view text) : file_(memfd_create("config", MFD_CLOEXEC)) {
    MUSTER_CHECK(write(file_, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
                 "memory is writable");
  }
  ~ConfigFile() { (void)close(file_); }
  ConfigFile(const ConfigFile&) = delete;
  ConfigFile& operator=(const ConfigFile&) = delete;

  std::string path() const { return absl::StrCat("/proc/self/fd/", file_); }

 private:
  const int file_;
};

std::variant<Loaded, EndNow> LoadFrom(std::string_view text) {
  const ConfigFile file(text);
  return Load({{"--config", file.path()}, [](const std::string&) { return std::nullopt; }});
}

/// Whether --check-config can print every value so that it is read again: without passwords, and without
/// characters that mean something to CLI11 also between quotes.
bool CanBePrinted(const Config& config) {
  const auto flags = Flags();
  return std::all_of(flags.begin(), flags.end(), [&config](const Flag& flag) {
    const std::string value = flag.get(config);
    return WithoutPassword(value) == value && IsText(value) &&
           value.find_first_of("\"'`\\#") == std::string::npos;
  });
}

}  // namespace
}  // namespace muster::daemon

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::daemon;
  const auto result = LoadFrom({reinterpret_cast<const char*>(data), size});
  if (const auto* end = std::get_if<EndNow>(&result)) {
    MUSTER_CHECK(end->exit_code == kExitUsage && !end->text.empty(),
                 "a file that is refused is a mistake with a reason");
    return 0;
  }
  const Loaded& loaded = std::get<Loaded>(result);
  MUSTER_CHECK(!Validate(loaded.config), "settings that are taken are good");
  const Reload nothing = PlanReload(loaded.config, loaded.config);
  MUSTER_CHECK(nothing.changes.empty() && nothing.need_restart.empty(), "the same settings change nothing");
  if (!CanBePrinted(loaded.config)) return 0;
  const auto again = LoadFrom(Describe(loaded));
  MUSTER_CHECK(std::holds_alternative<Loaded>(again), "what --check-config prints is a config file");
  const Reload same = PlanReload(loaded.config, std::get<Loaded>(again).config);
  MUSTER_CHECK(same.changes.empty() && same.need_restart.empty(),
               "what --check-config prints has the same settings");
  return 0;
}
