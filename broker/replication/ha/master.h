// A mastership: the connections of the slaves and what follows from their acknowledgements. epoch_master.h has the
// Controller's kind, classic_master.h the one of fixed roles.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "broker/replication/ha/end_bell.h"
#include "broker/replication/ha/link.h"
#include "broker/replication/ha/types.h"
#include "broker/store/message_store.h"
#include "common/base/clock.h"

namespace rmq::replication {

class Master {
 public:
  Master(store::MessageStore& store, const ReplicationOptions& options, const Clock& clock);
  virtual ~Master();  // stop() must have been called

  void start();
  // Closes all links and joins all threads; afterwards nothing is acknowledged or published any more.
  void stop();
  void adopt(Socket socket);  // an accepted connection; closed at once when there are too many
  virtual void fill(ReplicationStatus& status) const = 0;

 protected:
  virtual std::unique_ptr<Feed> make_feed(ConnectionToken token, const std::string& peer) = 0;
  // On the mastership's own thread: now and then, after poke(), and (while watches_log()) after the log grew. Returns
  // when it must be called again at the latest.
  virtual std::int64_t tick(std::int64_t now) = 0;
  virtual bool watches_log() const { return false; }
  void poke() const { waker_.wake(); }
  std::uint64_t log_end() const { return store_.log().max_offset(); }

  store::MessageStore& store_;
  const ReplicationOptions& options_;
  const Clock& clock_;

 private:
  void run();
  void reap();

  EndBell bell_;
  Waker waker_;
  std::mutex links_mutex_;
  std::map<ConnectionToken, std::unique_ptr<Link>> links_;
  ConnectionToken last_token_ = 0;
  bool stopping_ = false;  // guarded by links_mutex_
  std::thread thread_;
};

}  // namespace rmq::replication
