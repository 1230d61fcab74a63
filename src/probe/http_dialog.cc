#include "probe/http_dialog.h"

#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "domain/text.h"
#include "muster/check.h"

namespace muster::probe {
namespace {

constexpr std::size_t kMaxAnswer = 16 << 10;
constexpr std::string_view kEndOfLine = "\r\n";
constexpr std::string_view kEndOfHead = "\r\n\r\n";

/// A number that has nothing around it.
std::optional<std::uint32_t> NumberOf(std::string_view digits) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole ? std::optional(number) : std::nullopt;
}

/// The status of "HTTP/1.1 200 OK".
std::optional<std::uint32_t> StatusOf(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (!line.starts_with(kVersion)) return std::nullopt;
  line.remove_prefix(kVersion.size());
  const std::optional<std::uint32_t> status = NumberOf(line.substr(0, line.find(' ')));
  return status && *status >= 200 && *status <= 599 ? status : std::nullopt;
}

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Takes the first line off the front.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find(kEndOfLine);
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + kEndOfLine.size());
  return line;
}

}  // namespace

void HttpDialog::Ask(std::string_view worker_id, std::string_view instance_id) {
  MUSTER_CHECK(usable(), "one heartbeat is under way at most");
  const std::string body = Concat({"{\"instanceId\":\"", instance_id, "\"}"});
  unsent += Concat({"POST /workers/", worker_id, "/heartbeat HTTP/1.1\r\nHost: ", host_,
                    "\r\nContent-Type: application/json\r\nContent-Length: ", absl::StrCat(body.size()),
                    kEndOfHead, body});
  asked_ = true;
}

std::optional<Answer> HttpDialog::Receive(std::string_view bytes) {
  if (lost_) return std::nullopt;
  if (!asked_) {  // nobody asked
    lost_ = true;
    return std::nullopt;
  }
  if (bytes.size() > kMaxAnswer - in_.size()) return Lose("an answer that is too long");
  in_.append(bytes);
  const std::size_t head_end = in_.find(kEndOfHead);
  if (head_end == std::string::npos) return std::nullopt;
  const std::optional<Head> head = ReadHead(std::string_view(in_).substr(0, head_end));
  if (!head) return Lose("an answer that this daemon does not give");
  const std::size_t whole = head_end + kEndOfHead.size() + head->body_bytes;
  if (whole > kMaxAnswer) return Lose("an answer that is too long");
  if (in_.size() < whole) return std::nullopt;
  lost_ = head->last || in_.size() > whole;
  asked_ = false;
  in_.clear();
  if (head->status == 200) return Answer{};
  return Answer{absl::StrCat("answered HTTP ", head->status)};
}

std::optional<HttpDialog::Head> HttpDialog::ReadHead(std::string_view text) {
  const std::optional<std::uint32_t> status = StatusOf(TakeLine(text));
  if (!status) return std::nullopt;
  Head head;
  head.status = *status;
  bool has_length = false;
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string name = absl::AsciiStrToLower(std::string(line.substr(0, colon)));
    const std::string_view value = Trimmed(line.substr(colon + 1));
    if (name == "transfer-encoding") return std::nullopt;
    if (name == "connection") head.last = value != "keep-alive";
    if (name == "content-length") {
      const std::optional<std::uint32_t> length = NumberOf(value);
      if (!length || std::exchange(has_length, true)) return std::nullopt;
      head.body_bytes = *length;
    }
  }
  return has_length ? std::optional(head) : std::nullopt;
}

std::optional<Answer> HttpDialog::Lose(std::string_view why) {
  asked_ = false;
  lost_ = true;
  in_.clear();
  return Answer{std::string(why)};
}

}  // namespace muster::probe
