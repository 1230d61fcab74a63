#include "http/engine/gzip.h"

#include <algorithm>
#include <utility>

#include "http/message.h"

namespace muster::http {
namespace {

constexpr std::size_t kSliceBytes = 128 << 10;
constexpr int kLevel = 1;  // JSON shrinks to a tenth already; more costs the one thread several times as much
constexpr int kGzipWindow = 15 + 16;
constexpr int kMemory = 8;

}  // namespace

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
  // All of it finds room: the bound is for the whole body.
  const int result = deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
  taken_ += slice;
  made_ += room - stream_.avail_out;
  failed_ = last ? result != Z_STREAM_END : result != Z_OK;
  if (last) compressed_.resize(made_);
  return last || failed_;
}

}  // namespace muster::http
