// Rows and columns as text. Cells are raw: the table makes them printable.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "workerctl/terminal.h"

namespace muster::ctl {

struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;
};

struct Column {
  std::string header;
  bool right_aligned = false;
};

/// A table that is written in parts: the header once, then the rows of each part. Columns are padded to their
/// widest cell so far. On a TTY that is too narrow, the widest columns are shortened until the rows fit, and
/// where that is not enough the last columns are left out (an ellipsis stands behind the last header). Into a
/// pipe nothing is ever shortened.
class TableWriter {
 public:
  explicit TableWriter(std::vector<Column> columns)
      : columns_(std::move(columns)), widths_(columns_.size(), 0) {}

  /// The next rows, each as long as the columns.
  std::string Render(std::vector<std::vector<Cell>> rows, const Terminal& terminal);

 private:
  void LeaveOutWhatCannotFit(std::size_t room);
  void Measure(const std::vector<std::vector<Cell>>& lines);
  std::string Line(const std::vector<Cell>& line, const std::vector<std::size_t>& widths,
                   const Terminal& terminal) const;

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;  // the widest cells so far
  bool started_ = false;
};

/// One thing at length: a label and a value per line. Values are not shortened.
using Card = std::vector<std::pair<std::string, Cell>>;
std::string RenderCard(const Card& card, const Terminal& terminal);

}  // namespace muster::ctl
