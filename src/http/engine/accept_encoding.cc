#include "http/engine/accept_encoding.h"

#include <cstddef>
#include <optional>

#include "absl/strings/ascii.h"
#include "http/message.h"

namespace muster::http {
namespace {

constexpr int kWhole = 1000;  // q=1, in thousandths

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// "0.5" -> 500; nothing for what is no weight.
std::optional<int> ReadWeight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = (text[0] - '0') * kWhole;
  int place = kWhole / 10;
  for (const char c : text.substr(text.size() > 1 ? 2 : 1)) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return std::nullopt;
    weight += (c - '0') * place;
    place /= 10;
  }
  return weight <= kWhole ? std::optional(weight) : std::nullopt;
}

/// The weight among the parameters of one coding; nothing if it is malformed.
std::optional<int> WeightOf(std::string_view parameters) {
  parameters = Trim(parameters);
  if (parameters.empty()) return kWhole;
  if (parameters.size() < 2 || !SameToken(parameters.substr(0, 2), "q=")) return std::nullopt;
  return ReadWeight(parameters.substr(2));
}

}  // namespace

bool TakesGzip(std::string_view accept_encoding) {
  std::optional<int> gzip;
  std::optional<int> any;
  int identity = 0;
  while (!accept_encoding.empty()) {
    const std::size_t end = accept_encoding.find(',');
    const std::string_view member = accept_encoding.substr(0, end);
    accept_encoding.remove_prefix(end == std::string_view::npos ? accept_encoding.size() : end + 1);
    const std::size_t semicolon = member.find(';');
    const std::string_view coding = Trim(member.substr(0, semicolon));
    const std::optional<int> weight =
        WeightOf(semicolon == std::string_view::npos ? std::string_view() : member.substr(semicolon + 1));
    if (!weight) continue;
    if (SameToken(coding, "gzip") || SameToken(coding, "x-gzip")) gzip = weight;
    if (SameToken(coding, "identity")) identity = *weight;
    if (coding == "*") any = weight;
  }
  const int weight = gzip.value_or(any.value_or(0));
  return weight > 0 && weight >= identity;
}

}  // namespace muster::http
