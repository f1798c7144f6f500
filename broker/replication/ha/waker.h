// Wakes a thread that sleeps in poll().
#pragma once

#include "common/base/file.h"

namespace rmq::replication {

// Any thread may wake(); one thread waits for fd() to be readable and then calls drain().
class Waker {
 public:
  Waker();  // aborts when the process is out of file descriptors: nothing could be stopped without one
  void wake() const;
  void drain() const;
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace rmq::replication
