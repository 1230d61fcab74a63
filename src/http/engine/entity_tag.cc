#include "http/engine/entity_tag.h"

#include <cstddef>

#include "domain/text.h"

namespace muster::http {
namespace {

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
