#include "http/api/entity_tags.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"

namespace muster::http {
namespace {

struct Tag {
  bool weak = false;
  std::string_view opaque;  // without quotes
};

struct Tags {
  bool any = false;
  std::vector<Tag> list;
};

void SkipSpace(std::string_view& text) {
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t")));
}

bool Take(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

/// Reads `W/"a", "b"` or `*`. Nothing if the text is neither.
std::optional<Tags> ReadTags(std::string_view text) {
  Tags tags;
  SkipSpace(text);
  if (Take(text, "*")) {
    tags.any = true;
    SkipSpace(text);
    if (text.empty()) return tags;
    return std::nullopt;
  }
  while (!text.empty()) {
    Tag tag;
    tag.weak = Take(text, "W/");
    if (!Take(text, "\"")) return std::nullopt;
    const std::size_t end = text.find('"');
    if (end == std::string_view::npos) return std::nullopt;
    tag.opaque = text.substr(0, end);
    tags.list.push_back(tag);
    text.remove_prefix(end + 1);
    SkipSpace(text);
    if (!text.empty() && !Take(text, ",")) return std::nullopt;
    SkipSpace(text);
  }
  if (tags.list.empty()) return std::nullopt;
  return tags;
}

std::optional<std::int64_t> RevisionOf(std::string_view opaque) {
  std::int64_t revision = 0;
  const auto [end, error] = std::from_chars(opaque.data(), opaque.data() + opaque.size(), revision);
  if (error != std::errc() || end != opaque.data() + opaque.size()) return std::nullopt;
  if (absl::StrCat(revision) != opaque) return std::nullopt;  // "007" is another tag
  return revision;
}

}  // namespace

std::string TagOf(const Worker& worker) {
  return absl::StrCat("\"", worker.revision, "\"");
}

bool HasAlready(const Request& request, const Worker& worker) {
  const std::optional<Tags> tags = ReadTags(request.Header("if-none-match"));
  if (!tags) return false;
  return tags->any || std::any_of(tags->list.begin(), tags->list.end(), [&worker](const Tag& tag) {
           return RevisionOf(tag.opaque) == worker.revision;
         });
}

Result<Precondition> Precondition::Of(const Request& request) {
  Precondition condition;
  condition.asked = request.HasHeader("if-match");
  if (!condition.asked) return condition;
  const std::optional<Tags> tags = ReadTags(request.Header("if-match"));
  if (!tags) {
    return InvalidArgument{"If-Match", "must be *, or tags as ETag gives them, with their quotes: \"7\""};
  }
  condition.any = tags->any;
  for (const Tag& tag : tags->list) {
    const std::optional<std::int64_t> revision = RevisionOf(tag.opaque);
    if (revision && !tag.weak) condition.revisions.push_back(*revision);
  }
  return condition;
}

bool Precondition::Holds(const Worker& worker) const {
  return !asked || any || std::find(revisions.begin(), revisions.end(), worker.revision) != revisions.end();
}

}  // namespace muster::http
