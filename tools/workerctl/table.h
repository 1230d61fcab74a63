// Rows and columns as text. Cells are raw: the table makes them printable.
#pragma once

#include <string>
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

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  // each as long as `columns`
};

/// Columns are padded to their widest cell. On a TTY that is too narrow, the widest columns are shortened
/// until the rows fit; into a pipe nothing is ever shortened.
std::string RenderTable(const Table& table, const Terminal& terminal);

/// One thing at length: a label and a value per line.
using Card = std::vector<std::pair<std::string, Cell>>;
std::string RenderCard(const Card& card, const Terminal& terminal);

}  // namespace muster::ctl
