// Which coding of an answer the client takes. Pure.
#pragma once

#include <string_view>

namespace muster::http {

/// Whether an answer may be sent with gzip, by the value of Accept-Encoding: named or meant by "*", with a q
/// that is not 0 and not below that of sending it as it is.
bool TakesGzip(std::string_view accept_encoding);

}  // namespace muster::http
