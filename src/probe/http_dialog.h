// Heartbeats over HTTP/1.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "probe/dialog.h"

namespace muster::probe {

class HttpDialog final : public Dialog {
 public:
  /// `host`: what a client writes for the server, "127.0.0.1:8080".
  explicit HttpDialog(std::string host) : host_(std::move(host)) {}

  void Ask(std::string_view worker_id, std::string_view instance_id) override;
  std::optional<Answer> Receive(std::string_view bytes) override;
  bool usable() const override { return !asked_ && !lost_; }
  bool lost() const override { return lost_; }

 private:
  struct Head {
    std::uint32_t status = 0;
    std::size_t body_bytes = 0;
    bool last = false;  // the server closes the connection after it
  };
  /// Of an answer that this daemon could have sent; nothing for any other.
  static std::optional<Head> ReadHead(std::string_view text);
  std::optional<Answer> Lose(std::string_view why);

  const std::string host_;
  bool asked_ = false;
  bool lost_ = false;
  std::string in_;  // of the answer
};

}  // namespace muster::probe
