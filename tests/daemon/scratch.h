// A temporary file for one test, which is removed afterwards.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace muster::daemon {

class Scratch {
 public:
  explicit Scratch(const std::string& text) {
    std::string name = (std::filesystem::temp_directory_path() / "musterd-test-XXXXXX").string();
    const int file = ::mkstemp(name.data());
    if (file >= 0) ::close(file);
    path_ = name;
    Write(text);
  }
  ~Scratch() { std::filesystem::remove(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void Write(const std::string& text) { std::ofstream(path_) << text; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace muster::daemon
