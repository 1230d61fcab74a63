// What the disk of a simulation keeps, loses and refuses.
#include "tests/sim/disk.h"

#include <cerrno>
#include <memory>
#include <set>
#include <string>

#include "catch.h"

namespace muster::sim {
namespace {

constexpr char kPath[] = "/d/file";

std::unique_ptr<OpenFile> Opened(Disk& disk, Disk::Kind kind = Disk::Kind::kOther,
                                 const std::string& path = kPath) {
  std::unique_ptr<OpenFile> file = disk.Open(path, kind, Disk::Creation::kIfMissing);
  REQUIRE(file != nullptr);
  return file;
}

// With content and name on the disk.
std::unique_ptr<OpenFile> Durable(Disk& disk, const std::string& content,
                                  Disk::Kind kind = Disk::Kind::kOther) {
  std::unique_ptr<OpenFile> file = Opened(disk, kind);
  REQUIRE(file->Write(content, 0));
  REQUIRE(file->Sync());
  REQUIRE(disk.SyncDirectoryOf(kPath));
  return file;
}

std::string Pages(int count, char with) {
  return std::string(static_cast<std::size_t>(count) * FileBytes::kPage, with);
}

// What is left of `kPath`, from many seeds, after `happens` and a loss of power.
template <typename F>
std::set<std::string> LeftAfter(F happens) {
  std::set<std::string> left;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk(seed);
    happens(disk);
    disk.LosePower();
    left.insert(disk.Read(kPath).value_or("no file"));
  }
  return left;
}

TEST_CASE("a file is read as it was written, whether it is synced or not") {
  Disk disk(1);
  const auto file = Opened(disk);
  REQUIRE(file->Write("hello", 3));
  CHECK(disk.Read(kPath) == std::string("\0\0\0hello", 8));
  char room[10];
  CHECK(file->Read(room, 5) == 3);
  CHECK(std::string(room, 3) == "llo");
  CHECK(file->Read(room, 8) == 0);
  REQUIRE(file->Truncate(4));
  CHECK(file->Size() == 4);
  REQUIRE(file->Write("!", 5));
  CHECK(disk.Read(kPath) == std::string("\0\0\0h\0!", 6));
}

TEST_CASE("a kill leaves what was written, and the dead process changes nothing any more") {
  Disk disk(1);
  const auto file = Opened(disk);
  REQUIRE(file->Write("hello", 0));
  disk.Kill();
  char room[10];
  errno = 0;
  CHECK_FALSE(file->Write("x", 0));
  CHECK(errno == EIO);
  CHECK_FALSE(file->Truncate(0));
  CHECK_FALSE(file->Sync());
  CHECK_FALSE(file->Read(room, 0).has_value());
  CHECK_FALSE(file->Size().has_value());
  CHECK_FALSE(disk.Delete(kPath));
  CHECK(disk.Open(kPath, Disk::Kind::kOther, Disk::Creation::kIfMissing) == nullptr);
  CHECK(disk.dead());

  disk.Revive();
  CHECK(disk.Read(kPath) == "hello");
  CHECK_FALSE(file->Write("x", 0));
  CHECK(Opened(disk)->Write("x", 0));
}

TEST_CASE("a loss of power keeps what was synced, and sectors of the rest in no order") {
  const std::string old = Pages(2, 'o');
  std::set<std::string> mixtures;
  bool all = false;
  bool nothing = false;
  for (const std::string& left : LeftAfter([&](Disk& disk) {
         const auto file = Durable(disk, old);
         REQUIRE(file->Write(Pages(1, 'n'), 100));
       })) {
    REQUIRE(left.size() == old.size());
    // Each sector is as it was or as it was written.
    std::string pattern;
    for (std::size_t at = 0; at < left.size(); at += FileBytes::kSector) {
      std::string written(FileBytes::kSector, at < FileBytes::kPage + 100 ? 'n' : 'o');
      if (at == 0) written.replace(0, 100, 100, 'o');
      if (at == FileBytes::kPage) written.replace(100, std::string::npos, FileBytes::kSector - 100, 'o');
      const std::string sector = left.substr(at, FileBytes::kSector);
      const bool kept = sector == old.substr(at, FileBytes::kSector);
      REQUIRE((kept || sector == written));
      pattern += kept ? 'o' : 'n';
    }
    all = all || pattern == "nnnnnnnnnooooooo";
    nothing = nothing || pattern == "oooooooooooooooo";
    mixtures.insert(pattern);
  }
  CHECK(all);
  CHECK(nothing);
  CHECK(mixtures.size() > 50);
}

TEST_CASE("a truncate that was not synced may be lost, and a file may have its new size without its bytes") {
  CHECK(LeftAfter([](Disk& disk) { REQUIRE(Durable(disk, "hello")->Truncate(2)); }) ==
        std::set<std::string>{"he", "hello"});
  CHECK(LeftAfter([](Disk& disk) { REQUIRE(Durable(disk, "")->Write("he", 0)); }) ==
        std::set<std::string>{"", "he", std::string(2, '\0')});
  CHECK(LeftAfter([](Disk& disk) {
          const auto file = Durable(disk, "hello");
          REQUIRE(file->Truncate(2));
          REQUIRE(file->Truncate(4));
          REQUIRE(file->Sync());
        }) == std::set<std::string>{std::string("he\0\0", 4)});
}

TEST_CASE("a name is durable when its directory was synced") {
  const auto create = [](Disk& disk) {
    const auto file = Opened(disk);
    REQUIRE(file->Write("hello", 0));
    REQUIRE(file->Sync());
  };
  CHECK(LeftAfter(create) == std::set<std::string>{"hello", "no file"});
  CHECK(LeftAfter([&](Disk& disk) {
          create(disk);
          REQUIRE(disk.SyncDirectoryOf("/d/another"));
        }) == std::set<std::string>{"hello"});
  const auto remove = [](Disk& disk) {
    Durable(disk, "hello");
    REQUIRE(disk.Delete(kPath));
    CHECK_FALSE(disk.Read(kPath).has_value());
  };
  CHECK(LeftAfter(remove) == std::set<std::string>{"hello", "no file"});
  CHECK(LeftAfter([&](Disk& disk) {
          remove(disk);
          REQUIRE(disk.SyncDirectoryOf(kPath));
        }) == std::set<std::string>{"no file"});
}

TEST_CASE("what a failed sync left reads well, and is lost with the power although a later sync succeeds") {
  const auto fail = [](Disk& disk) {
    auto file = Durable(disk, Pages(3, 'o'), Disk::Kind::kMain);
    REQUIRE(file->Write(Pages(2, 'n'), 0));
    disk.faults.fail_main_syncs = 1;
    disk.faults.error = ENOSPC;
    errno = 0;
    CHECK_FALSE(file->Sync());
    CHECK(errno == ENOSPC);
    CHECK(file->Sync());
    CHECK(disk.Read(kPath) == Pages(2, 'n') + Pages(1, 'o'));
    return file;
  };
  CHECK(LeftAfter([&](Disk& disk) { fail(disk); }) == std::set<std::string>{Pages(3, 'o')});
  // A page is written as a whole: also the bytes of it that were not touched again.
  CHECK(LeftAfter([&](Disk& disk) {
          const auto file = fail(disk);
          REQUIRE(file->Write("n", 0));
          REQUIRE(file->Sync());
        }) == std::set<std::string>{Pages(1, 'n') + Pages(2, 'o')});

  Disk disk(1);
  fail(disk);
  disk.Kill();
  disk.Revive();
  CHECK(disk.Read(kPath) == Pages(2, 'n') + Pages(1, 'o'));
}

TEST_CASE("so many writes and syncs fail as were asked for, of the kind that was asked for") {
  Disk disk(1);
  const auto log = Opened(disk, Disk::Kind::kLog, "/d/log");
  const auto database = Opened(disk, Disk::Kind::kMain, "/d/main");
  const auto other = Opened(disk, Disk::Kind::kOther, "/d/other");
  disk.faults.fail_log_writes = 2;
  disk.faults.error = EDQUOT;
  CHECK(database->Write("x", 0));
  CHECK(other->Write("x", 0));
  errno = 0;
  CHECK_FALSE(log->Write("x", 0));
  CHECK(errno == EDQUOT);
  CHECK_FALSE(log->Write("x", 0));
  CHECK(log->Size() == 0);
  CHECK(log->Write("x", 0));
  disk.faults.fail_main_writes = 1;
  disk.faults.fail_log_syncs = 1;
  CHECK_FALSE(database->Write("x", 0));
  CHECK(database->Sync());
  CHECK_FALSE(log->Sync());
  CHECK(log->Sync());
  CHECK(disk.counters().log_writes == 3);
  CHECK(disk.counters().log_syncs == 2);
  CHECK(disk.counters().main_writes == 2);
  CHECK(disk.counters().main_syncs == 1);
}

TEST_CASE("on a full disk no file grows, and what is there can be written over") {
  Disk disk(1);
  const auto file = Opened(disk);
  REQUIRE(file->Write("hello", 0));
  disk.faults.full = true;
  errno = 0;
  CHECK_FALSE(file->Write("HELLO!", 0));
  CHECK(errno == ENOSPC);
  CHECK(disk.Read(kPath) == "HELLO");  // what had room
  CHECK(file->Write("again", 0));
  CHECK(file->Truncate(2));
  disk.faults.full = false;
  CHECK(file->Write("hello!", 0));
}

TEST_CASE("the disk dies in the operation that was chosen, and may do a part of it") {
  std::set<std::string> left;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Disk disk(seed);
    const auto file = Opened(disk);
    disk.DieAfter(3, /*power=*/false);
    CHECK(file->Write("a", 0));
    CHECK(file->Sync());
    CHECK_FALSE(disk.dead());
    CHECK_FALSE(file->Write("BCD", 0));
    CHECK(disk.dead());
    CHECK_FALSE(file->Write("e", 0));
    disk.Revive();
    left.insert(*disk.Read(kPath));
  }
  CHECK(left == std::set<std::string>{"a", "B", "BC", "BCD"});
  CHECK(LeftAfter([](Disk& disk) {
          const auto file = Durable(disk, "a");
          disk.DieAfter(1, /*power=*/true);
          CHECK_FALSE(file->Write("b", 0));
          CHECK(disk.dead());
        }) == std::set<std::string>{"a", "b"});
  CHECK(LeftAfter([](Disk& disk) {
          Durable(disk, "a");
          disk.DieAfter(1, /*power=*/true);
          CHECK_FALSE(disk.Delete(kPath));
        }) == std::set<std::string>{"a", "no file"});
}

TEST_CASE("a slow sync lets time pass, and others use the file meanwhile") {
  std::set<std::string> left;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Disk disk(seed);
    const auto file = Durable(disk, "a", Disk::Kind::kLog);
    REQUIRE(file->Write("b", 0));
    disk.faults.log_sync_takes = absl::Seconds(2);
    absl::Duration stalled;
    disk.stall = [&](absl::Duration time) {
      stalled += time;
      CHECK(Opened(disk)->Write("c", 0));
    };
    CHECK(file->Sync());
    CHECK(stalled == absl::Seconds(2));
    disk.LosePower();
    left.insert(*disk.Read(kPath));
  }
  CHECK(left == std::set<std::string>{"b", "c"});

  Disk disk(1);
  const auto file = Durable(disk, "a", Disk::Kind::kLog);
  disk.faults.log_sync_takes = absl::Seconds(2);
  disk.stall = [&](absl::Duration) { disk.Kill(); };
  CHECK_FALSE(file->Sync());
}

TEST_CASE("what people do to files") {
  Disk disk(1);
  const auto file = Durable(disk, "hello");
  disk.Truncate(kPath, 4);
  CHECK(disk.Read(kPath) == "hell");
  CHECK(file->HasItsName());

  disk.Replace(kPath, "another");
  CHECK_FALSE(file->HasItsName());
  CHECK(file->Write("H", 0));
  CHECK(disk.Read(kPath) == "another");
  const auto second = Opened(disk);
  disk.Remove(kPath);
  CHECK_FALSE(second->HasItsName());
  CHECK_FALSE(disk.Read(kPath).has_value());
  char room[4];
  CHECK(file->Read(room, 0) == 4);
  CHECK(std::string(room, 4) == "Hell");

  CHECK(LeftAfter([](Disk& d) {
          Durable(d, "hello");
          d.Replace(kPath, "another");
        }) == std::set<std::string>{"another"});
  CHECK(LeftAfter([](Disk& d) {
          Durable(d, "hello");
          d.Truncate(kPath, 1);
        }) == std::set<std::string>{"h"});
}

TEST_CASE("the same seed gives the same disk") {
  const auto left = [](std::uint64_t seed) {
    Disk disk(seed);
    const auto file = Durable(disk, Pages(4, 'o'));
    REQUIRE(file->Write(Pages(4, 'n'), 0));
    disk.LosePower();
    return *disk.Read(kPath);
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) CHECK(left(seed) == left(seed));
}

}  // namespace
}  // namespace muster::sim
