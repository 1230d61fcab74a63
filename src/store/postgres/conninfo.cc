#include "store/postgres/conninfo.h"

#include <libpq-fe.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace muster::postgres {
namespace {

// Defaults. A URL may set other values.
constexpr std::pair<const char*, const char*> kDefaults[] = {
    {"target_session_attrs", "read-write"}, {"keepalives_idle", "10"},
    {"keepalives_interval", "5"},           {"keepalives_count", "3"},
    {"tcp_user_timeout", "15000"},
};
// Fixed. A URL cannot change these.
constexpr std::pair<const char*, const char*> kAlways[] = {
    {"application_name", "musterd"},
    {"client_encoding", "UTF8"},
};

// Keywords for which a URL may give a list, one value for each host.
constexpr std::string_view kHosts[] = {"host", "hostaddr", "port"};

bool IsHostKeyword(std::string_view keyword) {
  return std::find(std::begin(kHosts), std::end(kHosts), keyword) != std::end(kHosts);
}

Failure NotAUrl(std::string message) {
  // libpq quotes what it does not understand. That may be any part of the URL, or all of it, with the
  // password.
  message.resize(std::min(message.find('"'), message.size()));
  while (message.ends_with(' ') || message.ends_with(':')) message.pop_back();
  if (absl::StrContains(message, "@") || absl::StrContains(message, "://")) message = "it cannot be parsed";
  Failure failure;
  failure.kind = FailureKind::kRefused;
  failure.detail =
      absl::StrCat("this is no URL of PostgreSQL (postgresql://USER@HOST:PORT/DATABASE): ", message);
  return failure;
}

void Set(Target& target, std::string_view keyword, std::string_view value) {
  target.emplace_back(keyword, value);
}

bool Has(const Target& target, std::string_view keyword) {
  return std::any_of(target.begin(), target.end(), [&](const auto& pair) { return pair.first == keyword; });
}

}  // namespace

Reply<std::vector<Target>> TargetsOf(const std::string& url) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.c_str(), &error), &PQconninfoFree);
  if (options == nullptr) {
    std::string message = error == nullptr ? "out of memory" : error;
    PQfreemem(error);
    absl::StripTrailingAsciiWhitespace(&message);
    return NotAUrl(std::move(message));
  }

  Target common;
  std::vector<std::pair<std::string_view, std::vector<std::string>>> lists;
  std::size_t hosts = 1;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    if (IsHostKeyword(option->keyword)) {
      lists.emplace_back(option->keyword, absl::StrSplit(option->val, ','));
      hosts = std::max(hosts, lists.back().second.size());
    } else {
      Set(common, option->keyword, option->val);
    }
  }
  for (const auto& [keyword, value] : kDefaults) {
    if (!Has(common, keyword)) Set(common, keyword, value);
  }
  for (const auto& [keyword, value] : kAlways) {
    std::erase_if(common, [keyword = keyword](const auto& pair) { return pair.first == keyword; });
    Set(common, keyword, value);
  }

  std::vector<Target> targets(hosts, common);
  for (const auto& [keyword, values] : lists) {
    if (values.size() != 1 && values.size() != hosts) {
      return NotAUrl(
          absl::StrCat(std::string(keyword), " is given ", values.size(), " times for ", hosts, " hosts"));
    }
    for (std::size_t i = 0; i < hosts; ++i) Set(targets[i], keyword, values[values.size() == 1 ? 0 : i]);
  }
  return targets;
}

}  // namespace muster::postgres
