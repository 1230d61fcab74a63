// What a server sends to the thread that probes the daemon: of gRPC and of HTTP.
#include <cstdint>
#include <memory>
#include <string_view>

#include "muster/check.h"
#include "probe/grpc_dialog.h"
#include "probe/http_dialog.h"

namespace muster {
namespace {

constexpr std::size_t kMost = 256 << 10;

/// Asks again whenever it may, and takes the bytes in pieces of `size`.
void Play(probe::Dialog& dialog, std::string_view bytes, std::size_t size) {
  bool asked = false;
  for (;;) {
    if (dialog.usable()) {
      dialog.Ask("~probe~0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef");
      asked = true;
    }
    if (bytes.empty()) break;
    const std::string_view piece = bytes.substr(0, size);
    bytes.remove_prefix(piece.size());
    const bool was_lost = dialog.lost();
    const auto answer = dialog.Receive(piece);
    MUSTER_CHECK(!answer || (asked && !was_lost), "an answer is one to a heartbeat");
    if (answer) asked = false;
    MUSTER_CHECK(!dialog.usable() || !asked, "one heartbeat is under way at most");
    MUSTER_CHECK(dialog.unsent.size() < kMost, "what waits for the socket is bounded");
  }
}

}  // namespace
}  // namespace muster

/// The first byte: which protocol, and how long the pieces are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto first = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  std::unique_ptr<probe::Dialog> dialog;
  if ((first & 1) == 0) {
    dialog = std::make_unique<probe::GrpcDialog>("127.0.0.1:50051");
  } else {
    dialog = std::make_unique<probe::HttpDialog>("127.0.0.1:8080");
  }
  Play(*dialog, bytes, first / 2 == 0 ? bytes.size() + 1 : first / 2);
  return 0;
}
