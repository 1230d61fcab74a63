// How a page is requested and cut, the same for every list. Private to the use cases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/queries.h"
#include "muster/result.h"
#include "usecases/page_token.h"

namespace muster {

/// A page request that was checked.
struct PageStart {
  int size = 0;
  std::optional<std::string> position;  // where the page before ended; none on the first page
};

/// InvalidArgument for a size out of range, or a token that is not of this scope.
Result<PageStart> OpenPage(const PageRequest& page, std::string_view key, const TokenScope& scope);

/// As OpenPage, for positions that are numbers; `first` is the position of the first page.
struct NumberedPageStart {
  int size = 0;
  std::int64_t position = 0;
};
Result<NumberedPageStart> OpenNumberedPage(const PageRequest& page, std::string_view key,
                                           const TokenScope& scope, std::int64_t first);

/// Stores are asked for one row more than the page holds. Cuts that row off; true if it was there, so that a
/// next page exists.
template <typename Row>
bool CutToPage(std::vector<Row>& rows, int size) {
  if (rows.size() <= static_cast<std::size_t>(size)) return false;
  rows.resize(static_cast<std::size_t>(size));
  return true;
}

}  // namespace muster
