#include "http/engine/compression.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "domain/text.h"

namespace muster::http {
namespace {

constexpr int kWhole = 1000;  // q=1, in thousandths

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// "0.5" -> 500. Nothing if the text is no weight.
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

/// The weight among the parameters of one coding. Nothing if it is malformed.
std::optional<int> WeightOf(std::string_view parameters) {
  parameters = Trim(parameters);
  if (parameters.empty()) return kWhole;
  if (parameters.size() < 2 || !SameToken(parameters.substr(0, 2), "q=")) return std::nullopt;
  return ReadWeight(parameters.substr(2));
}

constexpr std::size_t kSliceBytes = 128 << 10;
constexpr int kLevel = 1;  // shrinks JSON to a tenth; higher levels cost the one thread several times as much
constexpr int kGzipWindow = 15 + 16;
constexpr int kMemory = 8;

constexpr std::string_view kSuffix = "-gzip\"";

std::string WithoutSuffix(std::string_view tags) {
  std::string out;
  for (std::size_t at = tags.find(kSuffix); at != std::string_view::npos; at = tags.find(kSuffix)) {
    out.append(tags.substr(0, at)).push_back('"');
    tags.remove_prefix(at + kSuffix.size());
  }
  return out.append(tags);
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

bool Compressible(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  const std::string_view main = type.substr(0, type.find('/'));
  if (SameToken(main, "text")) return !SameToken(type, "text/event-stream");
  const std::size_t plus = type.rfind('+');
  const std::string_view suffix = plus == std::string_view::npos ? std::string_view() : type.substr(plus + 1);
  return SameToken(suffix, "json") || SameToken(suffix, "xml") || SameToken(type, "application/json") ||
         SameToken(type, "application/xml") || SameToken(type, "application/javascript");
}

Gzip::Gzip(std::string body) : body_(std::move(body)) {
  failed_ = deflateInit2(&stream_, kLevel, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK;
  if (!failed_) compressed_.resize(deflateBound(&stream_, body_.size()));
}

Gzip::~Gzip() {
  deflateEnd(&stream_);
}

bool Gzip::Step() {
  if (failed_) return true;
  const std::size_t slice = std::min(kSliceBytes, body_.size() - taken_);
  const bool last = taken_ + slice == body_.size();
  stream_.next_in = reinterpret_cast<Bytef*>(body_.data() + taken_);
  stream_.avail_in = static_cast<uInt>(slice);
  stream_.next_out = reinterpret_cast<Bytef*>(compressed_.data() + made_);
  const std::size_t room = compressed_.size() - made_;
  stream_.avail_out = static_cast<uInt>(room);
  // There is enough room: the bound is for the whole body.
  const int result = deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
  taken_ += slice;
  made_ += room - stream_.avail_out;
  failed_ = last ? result != Z_STREAM_END : result != Z_OK;
  if (last) compressed_.resize(made_);
  return last || failed_;
}

std::string TagOfGzip(std::string_view tag) {
  const bool strong = tag.size() >= 2 && tag.front() == '"' && tag.back() == '"';
  return strong ? Concat({tag.substr(0, tag.size() - 1), kSuffix}) : std::string(tag);
}

std::string TakeGzipTags(Fields& headers) {
  std::string as_it_came;
  for (auto& [name, value] : headers) {
    if ((name != "if-match" && name != "if-none-match") || value.find(kSuffix) == std::string::npos) continue;
    std::string bare = WithoutSuffix(value);
    if (name == "if-none-match") as_it_came = std::move(value);
    value = std::move(bare);
  }
  return as_it_came;
}

}  // namespace muster::http
