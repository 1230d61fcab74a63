#include "net/open_files.h"

#include <sys/resource.h>

#include "catch.h"
#include "net/acceptor_thread.h"

namespace muster::net {
namespace {

std::size_t FilesOf(const ConnectionPlan& plan) {
  return plan.grpc.in_all * kFilesOfConnection + plan.http.in_all;
}

TEST_CASE("The soft limit of open files becomes the hard one") {
  rlimit before = {};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit low = {64, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  CHECK(RaiseOpenFiles() == before.rlim_max);
  rlimit after = {};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &after) == 0);
  CHECK(after.rlim_cur == before.rlim_max);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
}

TEST_CASE("Connections never need all files, however few there are, and there are always some") {
  for (const std::size_t files :
       {std::size_t{0}, std::size_t{64}, std::size_t{256}, std::size_t{1024}, std::size_t{4096},
        std::size_t{20'000}, std::size_t{1 << 20}, ~std::size_t{0}}) {
    for (const bool http_on : {true, false}) {
      for (const auto& wanted : {std::optional<std::size_t>(), std::optional<std::size_t>(1'000'000)}) {
        INFO(files);
        const ConnectionPlan plan = PlanConnections(files, {wanted, wanted, {}, http_on});
        CHECK(plan.grpc.in_all >= 1);
        CHECK(plan.http.in_all >= 1);
        if (files >= 256) CHECK(FilesOf(plan) + 64 <= files);
        CHECK(plan.grpc.from_one_address == (plan.grpc.in_all + 1) / 2);
      }
    }
  }
}

TEST_CASE("What is asked for is given where the files can hold it") {
  const ConnectionPlan plan = PlanConnections(20'000, {3000, 500, 100, true});
  CHECK(plan.grpc.in_all == 3000);
  CHECK(plan.http.in_all == 500);
  CHECK(plan.grpc.from_one_address == 100);
  CHECK(plan.http.from_one_address == 100);
  CHECK(plan.files_needed == 0);
}

TEST_CASE("More than the files can hold is told, with the files that it needs") {
  const ConnectionPlan plan = PlanConnections(4096, {3000, 500, {}, true});
  CHECK(plan.grpc.in_all < 3000);
  CHECK(plan.files_needed > 6500);
  CHECK(PlanConnections(plan.files_needed, {3000, 500, {}, true}).grpc.in_all == 3000);
  CHECK(PlanConnections(plan.files_needed, {3000, 500, {}, true}).files_needed == 0);
}

TEST_CASE("Without wishes gRPC has what HTTP leaves, and very few files are told") {
  const ConnectionPlan usual = PlanConnections(1 << 20, {});
  CHECK(usual.http.in_all == kUsualHttpConnections);
  CHECK(usual.grpc.in_all > 500'000);
  CHECK(usual.files_needed == 0);
  CHECK(PlanConnections(1024, {}).files_needed > 1024);
  CHECK(PlanConnections(1024, {100, {}, {}, true}).files_needed == 0);
}

}  // namespace
}  // namespace muster::net
