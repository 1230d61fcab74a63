// Messages of the contract as JSON and YAML, in the words of the HTTP API: the same names, times and rules.
// docs/http.md and src/http/api/openapi.json describe them; tests/e2e/dialect_test.py compares the two.
//
// Names are camelCase, statuses and event types read as in tables, times are RFC 3339, durations are seconds
// ("3.5s"), 64-bit numbers are numbers. What is unset is null; empty strings, lists and maps are there. Keys
// keep the order of the contract. Pure; never fails: text that is not UTF-8 is replaced.
#pragma once

#include <google/protobuf/message.h>

#include <nlohmann/json.hpp>
#include <string>

namespace muster::ctl {

using Json = nlohmann::ordered_json;

Json DocumentOf(const google::protobuf::Message& message);

/// Indented, ending in a line feed. Safe to show on a terminal.
std::string PrettyJson(const Json& document);
/// On one line, without a line feed. Safe to show on a terminal.
std::string CompactJson(const Json& document);
/// Ending in a line feed. Safe to show on a terminal. Text that a YAML reader could take for something else
/// (true, 12, 2025-10-25) is quoted.
std::string Yaml(const Json& document);

}  // namespace muster::ctl
