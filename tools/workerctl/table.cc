#include "workerctl/table.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace muster::ctl {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 8;  // a column is not shortened below this, nor below its header
constexpr char kMore[] = " …";         // on the last header: columns to its right did not fit

std::size_t LeastWidth(const Column& column) {
  return std::max(kNarrowest, DisplayWidth(column.header));
}

// Takes columns from the widest until the row fits, or until nothing more can be taken.
void FitWidths(std::vector<std::size_t>& widths, const std::vector<Column>& columns, std::size_t room) {
  const std::size_t gaps = kGap * (widths.size() - 1);
  for (std::size_t i = 0; i < widths.size(); ++i)
    widths[i] = std::min(widths[i], std::max(room, LeastWidth(columns[i])));
  while (std::accumulate(widths.begin(), widths.end(), gaps) > room) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] > LeastWidth(columns[i]) && (widest == widths.size() || widths[i] > widths[widest]))
        widest = i;
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
  Measure(rows);
  if (!started_) {
    started_ = true;
    if (terminal.is_tty) LeaveOutWhatCannotFit(terminal.width);
    std::vector<Cell> header;
    for (const Column& column : columns_) header.push_back({column.header, Tone::kStrong});
    Measure({header});
    rows.insert(rows.begin(), std::move(header));
  }
  std::vector<std::size_t> widths = widths_;
  if (terminal.is_tty && !widths.empty()) FitWidths(widths, columns_, terminal.width);

  std::string text;
  for (const auto& row : rows) absl::StrAppend(&text, Line(row, widths, terminal));
  return text;
}

// Decided once, by the first rows: later parts stand under the same headers.
void TableWriter::LeaveOutWhatCannotFit(std::size_t room) {
  std::size_t shown = 0;
  for (std::size_t used = 0; shown < columns_.size(); ++shown) {
    const std::size_t header = DisplayWidth(columns_[shown].header);
    used += std::min(std::max(widths_[shown], header), LeastWidth(columns_[shown])) + (shown == 0 ? 0 : kGap);
    if (used + (shown + 1 == columns_.size() ? 0 : DisplayWidth(kMore)) > room) break;
  }
  shown = std::max<std::size_t>(shown, 1);
  if (shown == columns_.size()) return;
  columns_.resize(shown);
  widths_.resize(shown);
  columns_.back().header += kMore;
}

void TableWriter::Measure(const std::vector<std::vector<Cell>>& lines) {
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < widths_.size(); ++i)
      widths_[i] = std::max(widths_[i], DisplayWidth(line[i].text));
  }
}

std::string TableWriter::Line(const std::vector<Cell>& line, const std::vector<std::size_t>& widths,
                              const Terminal& terminal) const {
  std::string text;
  std::size_t owed = 0;  // padding is written only when something follows, so that no line ends in blanks
  for (std::size_t i = 0; i < widths.size(); ++i) {
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
