// Writes the broker's small state files (topics.json, consumerOffset.json, ...) on a thread of its own, each as a whole
// and crash-safe (replace_file: the previous content stays as .bak).
//
// Two ways to ask: touch() says "changed, write it within the file's interval", flush() says "write it now and tell me
// when it is on the disk". Flushes that come while a write runs share the next one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/result.h"

namespace rmq::broker {

// Thread-safe.
class Checkpointer {
 public:
  using FileId = std::size_t;
  using Encode = std::function<std::string()>;  // runs on the checkpointer's thread
  using Done = std::function<void(Status)>;     // runs on the checkpointer's thread; must not wait for it

  Checkpointer() = default;
  ~Checkpointer();  // stops
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // Before start(). `encode` gives the whole content; what it reads must live until stop() returned.
  FileId add(std::string path, std::chrono::milliseconds interval, Encode encode);
  void start();

  void touch(FileId file);
  void flush(FileId file, Done done);
  // Blocks until the file is on the disk; never from the checkpointer's thread.
  Status flush_and_wait(FileId file);
  Status flush_all_and_wait();

  // Writes what is dirty, answers everyone who waits, ends the thread. Later flushes fail with kUnavailable.
  Status stop();

  // The error of a file whose last write failed; it is tried again at each interval.
  Status health() const;

 private:
  struct File {
    std::string path;
    std::chrono::milliseconds interval;
    Encode encode;
    bool dirty = false;
    std::chrono::steady_clock::time_point due;  // when dirty
    std::vector<Done> waiting;
    Status last;
  };

  void run();
  // The file to write next, or files_.size(); `until` is when to look again.
  std::size_t next_file(std::chrono::steady_clock::time_point now, std::chrono::steady_clock::time_point& until) const;
  void write(std::unique_lock<std::mutex>& lock, File& file);

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<File> files_;
  std::thread thread_;
  bool started_ = false;
  bool stopping_ = false;
  bool stopped_ = false;
};

}  // namespace rmq::broker
