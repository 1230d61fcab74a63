// Tables line up, fit the terminal, and are whole in a pipe.
#include "workerctl/table.h"

#include <clocale>

#include "catch.h"

using namespace muster::ctl;

namespace {

const Terminal kPipe;
Terminal Narrow(std::size_t width) {
  return {true, false, width};
}

std::vector<Column> TwoColumns() {
  return {{"ID"}, {"CAPACITY", true}, {"NOTE"}};
}

}  // namespace

TEST_CASE("columns line up and no line ends in blanks") {
  TableWriter table(TwoColumns());
  CHECK(table.Render({{{"worker-1"}, {"10"}, {"x"}}, {{"w2"}, {"5"}, {""}}}, kPipe) ==
        "ID        CAPACITY  NOTE\n"
        "worker-1        10  x\n"
        "w2               5\n");
}

TEST_CASE("characters of two columns and of none line up") {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  TableWriter table({{"REGION"}, {"N"}});
  CHECK(table.Render({{{"東京"}, {"1"}}, {{"e\xCC\x81"}, {"2"}}, {{"berlin-1"}, {"3"}}}, kPipe) ==
        "REGION    N\n"
        "東京      1\n"
        "e\xCC\x81         2\n"
        "berlin-1  3\n");
}

TEST_CASE("a pipe gets everything, a narrow terminal gets what fits") {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  const std::vector<std::vector<Cell>> rows = {{{"worker-1"}, {"10"}, {std::string(50, 'n')}}};
  CHECK(TableWriter(TwoColumns()).Render(rows, kPipe).find(std::string(50, 'n')) != std::string::npos);
  const std::string fitted = TableWriter(TwoColumns()).Render(rows, Narrow(40));
  CHECK(fitted ==
        "ID        CAPACITY  NOTE\n"
        "worker-1        10  nnnnnnnnnnnnnnnnnnn…\n");
}

TEST_CASE("columns that cannot fit even when shortened are left out, in later parts too") {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  TableWriter table({{"ID"}, {"STATUS"}, {"CAPABILITIES"}, {"REASON"}});
  CHECK(table.Render({{{"worker-1"}, {"Active"}, {"gpu"}, {"heard"}}}, Narrow(32)) ==
        "ID        STATUS  CAPABILITIES …\n"
        "worker-1  Active  gpu\n");
  CHECK(table.Render({{{"worker-2"}, {"Active"}, {"cpu"}, {"heard"}}}, Narrow(32)) ==
        "worker-2  Active  cpu\n");
}

TEST_CASE("headers are never cut, however narrow the terminal") {
  CHECK(TableWriter({{"CAPACITY"}}).Render({{{"1"}}}, Narrow(5)) == "CAPACITY\n1\n");
}

TEST_CASE("later parts keep the columns of the first and have no header") {
  TableWriter table({{"ID"}, {"N"}});
  CHECK(table.Render({{{"worker-100"}, {"1"}}}, kPipe) == "ID          N\nworker-100  1\n");
  CHECK(table.Render({{{"w"}, {"2"}}}, kPipe) == "w           2\n");
}

TEST_CASE("what a cell holds cannot break the table") {
  CHECK(TableWriter({{"ID"}}).Render({{{"a\nb\033[2J"}}}, kPipe) == "ID\na\\nb\\x1b[2J\n");
}

TEST_CASE("a card lines its values up") {
  CHECK(RenderCard({{"ID", {"worker-1"}}, {"Region", {"a\nb"}}}, kPipe) ==
        "ID      worker-1\nRegion  a\\nb\n");
}
