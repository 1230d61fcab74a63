// Entity tags and compression. What is compressed is another representation, which RFC 9110 gives a strong
// tag of its own; here "5" becomes "5-gzip". The suffix is the engine's alone: it comes off again in If-Match
// and If-None-Match, so that a client may hand back whichever it saw. Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace muster::http {

/// "5" -> "5-gzip". A weak tag stays: it promises no bytes.
std::string TagOfGzip(std::string_view tag);

/// Takes the suffix off the tags of If-Match and If-None-Match. Returns If-None-Match as it came, if it
/// changed.
std::string TakeGzipTags(Fields& headers);

}  // namespace muster::http
