// Cuts a watch's body into lines, wherever the network cut it into chunks. Memory is bounded by max_line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace rmq::kube {

class LineSplitter {
 public:
  // etcd holds objects up to 1.5 MiB; their JSON may be somewhat longer.
  explicit LineSplitter(std::size_t max_line = 8 * 1024 * 1024) : max_line_(max_line) {}

  // Calls take(line) for each line that `chunk` completes, without its newline; empty lines are skipped.
  // take returns whether to go on. False if take said no or a line is longer than max_line; the splitter is then spent.
  template <class Take>
  bool feed(std::string_view chunk, Take&& take) {
    while (!chunk.empty()) {
      const auto newline = chunk.find('\n');
      const auto piece = chunk.substr(0, newline);
      if (pending_.size() + piece.size() > max_line_) return false;
      if (newline == std::string_view::npos) {
        pending_.append(piece);
        return true;
      }
      chunk.remove_prefix(newline + 1);
      if (pending_.empty()) {
        if (!piece.empty() && !take(piece)) return false;
        continue;
      }
      pending_.append(piece);
      const std::string line = std::exchange(pending_, {});
      if (!take(std::string_view(line))) return false;
    }
    return true;
  }

  void reset() { pending_ = {}; }
  std::size_t pending() const { return pending_.size(); }

 private:
  std::size_t max_line_;
  std::string pending_;
};

}  // namespace rmq::kube
