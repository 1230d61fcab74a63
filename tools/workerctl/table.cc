#include "workerctl/table.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace muster::ctl {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 6;  // a column is not shortened below this, nor below its header

// Takes columns from the widest until the row fits, or until nothing more can be taken.
void FitWidths(std::vector<std::size_t>& widths, const std::vector<Column>& columns, std::size_t room) {
  const std::size_t gaps = kGap * (widths.size() - 1);
  const auto floor_of = [&columns](std::size_t i) {
    return std::max(kNarrowest, DisplayWidth(columns[i].header));
  };
  for (std::size_t i = 0; i < widths.size(); ++i)
    widths[i] = std::min(widths[i], std::max(room, floor_of(i)));
  while (std::accumulate(widths.begin(), widths.end(), gaps) > room) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] > floor_of(i) && (widest == widths.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == widths.size()) return;
    --widths[widest];
  }
}

std::string Padding(std::size_t count) {
  return std::string(count, ' ');
}

}  // namespace

std::string TableWriter::Render(std::vector<std::vector<Cell>> rows, const Terminal& terminal) {
  for (auto& row : rows) {
    for (Cell& cell : row) cell.text = Printable(cell.text);
  }
  if (!started_) {
    std::vector<Cell> header;
    for (const Column& column : columns_) header.push_back({column.header, Tone::kStrong});
    rows.insert(rows.begin(), std::move(header));
    started_ = true;
  }
  Measure(rows);
  std::vector<std::size_t> widths = widths_;
  if (terminal.is_tty && !widths.empty()) FitWidths(widths, columns_, terminal.width);

  std::string text;
  for (const auto& row : rows) absl::StrAppend(&text, Line(row, widths, terminal));
  return text;
}

void TableWriter::Measure(const std::vector<std::vector<Cell>>& lines) {
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i)
      widths_[i] = std::max(widths_[i], DisplayWidth(line[i].text));
  }
}

std::string TableWriter::Line(const std::vector<Cell>& line, const std::vector<std::size_t>& widths,
                              const Terminal& terminal) const {
  std::string text;
  std::size_t owed = 0;  // padding is written only when something follows, so that no line ends in blanks
  for (std::size_t i = 0; i < line.size(); ++i) {
    const std::string shown = Shorten(line[i].text, widths[i]);
    const std::size_t slack = widths[i] - std::min(widths[i], DisplayWidth(shown));
    const bool right = columns_[i].right_aligned;
    if (!shown.empty()) {
      absl::StrAppend(&text, Padding(owed + (right ? slack : 0)), Paint(shown, line[i].tone, terminal));
      owed = right ? 0 : slack;
    } else {
      owed += slack;
    }
    owed += kGap;
  }
  text.push_back('\n');
  return text;
}

std::string RenderCard(const Card& card, const Terminal& terminal) {
  std::size_t labels = 0;
  for (const auto& [label, value] : card) labels = std::max(labels, DisplayWidth(Printable(label)));
  std::string text;
  for (const auto& [label, value] : card) {
    const std::string shown = Printable(label);
    absl::StrAppend(&text, Paint(shown, Tone::kDim, terminal), Padding(labels - DisplayWidth(shown) + kGap),
                    Paint(Printable(value.text), value.tone, terminal), "\n");
  }
  return text;
}

}  // namespace muster::ctl
