// Finds the workers of a batch, whose ids are known beforehand, without waiting for memory at every step.
//
// In a large fleet each step from an id to its worker (the table, the slot, the worker itself) is in no
// cache, and each waits for the one before. So the ids that follow are looked at ahead, a step at a time, and
// when their turn comes all that they need is there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "store/model/model.h"

namespace muster {

/// The writer's thread only. The model must outlive it.
class Prefetcher {
 public:
  explicit Prefetcher(const Model& model) : model_(model) {}

  /// The next calls of Find are about these, most of them in this order. The ids must live until the last.
  /// Precondition: the model does not change before it.
  void Begin(std::span<const std::string_view> ids);
  void End() { Begin({}); }
  /// As Model::Find, for any id.
  std::optional<std::uint32_t> Find(std::string_view id);

 private:
  // How far ahead of its turn an id comes to each step.
  static constexpr std::size_t kHash = 24;
  static constexpr std::size_t kProbe = 16;
  static constexpr std::size_t kTouch = 8;
  static constexpr std::size_t kMaxSkipped = 4;
  struct Ahead {
    std::uint64_t hash;
    std::uint32_t slot;
  };

  Ahead& At(std::size_t index) { return ahead_[index % ahead_.size()]; }
  void Hash(std::size_t index);
  void Probe(std::size_t index);
  void Touch(std::size_t index);
  /// Where among those to come the id is, or the number of all.
  std::size_t PlaceOf(std::string_view id) const;
  std::uint32_t TakeNext();

  const Model& model_;
  std::span<const std::string_view> ids_;
  std::size_t next_ = 0;
  std::array<Ahead, 32> ahead_ = {};
};

}  // namespace muster
