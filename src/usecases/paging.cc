#include "usecases/paging.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

InvalidArgument BadToken() {
  return {"page_token",
          "is not one that this query gave out: pass the token of the page before unchanged, with the same "
          "filter, or "
          "leave it empty"};
}

}  // namespace

Result<PageStart> OpenPage(const PageRequest& page, std::string_view key, const TokenScope& scope) {
  if (page.page_size < 0 || page.page_size > kMaxPageSize) {
    return InvalidArgument{"page_size", absl::StrCat("must be 1 to ", kMaxPageSize, ", or 0 for ",
                                                     kDefaultPageSize, ", is ", page.page_size)};
  }
  PageStart start;
  start.size = page.page_size == 0 ? kDefaultPageSize : page.page_size;
  if (page.page_token.empty()) return start;
  start.position = OpenPageToken(key, scope, page.page_token);
  if (!start.position) return BadToken();
  return start;
}

Result<NumberedPageStart> OpenNumberedPage(const PageRequest& page, std::string_view key,
                                           const TokenScope& scope, std::int64_t first) {
  Result<PageStart> start = OpenPage(page, key, scope);
  if (!start.ok()) return start.error();
  if (!start->position) return NumberedPageStart{start->size, first};
  const std::optional<std::int64_t> number = NumberAt(*start->position);
  if (!number) return BadToken();
  return NumberedPageStart{start->size, *number};
}

}  // namespace muster
