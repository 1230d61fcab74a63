// A line of the log: whatever clients put into its fields, it is one short line, and valid JSON or plain
// text.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "muster/check.h"
#include "runtime/log.h"

namespace muster {
namespace {

using Json = nlohmann::json;

void CheckPlain(const std::string& line) {
  MUSTER_CHECK(line.size() < kMaxLogLine, "a line has a limit");
  for (const char c : line) {
    MUSTER_CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a line has no control characters");
  }
  // It has no invalid UTF-8 either, else this would throw.
  (void)Json(line).dump();
}

void CheckLine(std::string_view message, const std::vector<LogField>& fields) {
  CheckPlain(LogLine(LogFormat::kText, LogLevel::kInfo, absl::UnixEpoch(), message, fields));
  const std::string line = LogLine(LogFormat::kJson, LogLevel::kInfo, absl::UnixEpoch(), message, fields);
  CheckPlain(line);
  const Json json = Json::parse(line, nullptr, false);
  MUSTER_CHECK(json.is_object(), "a line is a JSON object");
  for (const LogField& field : fields) {
    const auto shown = json.find(field.first);
    if (shown == json.end()) continue;  // the line was full
    const std::string value = *shown;
    const bool cut = value.find(" bytes cut]") != std::string::npos;
    const bool replaced = value.find("\xEF\xBF\xBD") != std::string::npos;
    MUSTER_CHECK(cut || replaced || value == field.second, "what is UTF-8 and short is shown as it is");
  }
}

}  // namespace
}  // namespace muster

/// MESSAGE|VALUE|VALUE…
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  static const std::string* const kNames = new std::string("abcdefghijklmnopqrstuvwxyz");
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view message = rest.substr(0, rest.find('|'));
  std::vector<LogField> fields;
  while (fields.size() < kNames->size() && rest.find('|') != std::string_view::npos) {
    rest.remove_prefix(rest.find('|') + 1);
    fields.emplace_back(std::string_view(*kNames).substr(fields.size(), 1), rest.substr(0, rest.find('|')));
  }
  CheckLine(message, fields);
  return 0;
}
