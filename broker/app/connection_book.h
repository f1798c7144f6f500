// The server's open connections, so that they can be let go when this broker is no longer what clients came for.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "common/remoting/server.h"

namespace rmq::broker {

// Thread-safe; at most as many entries as the server has connections.
class ConnectionBook : public std::enable_shared_from_this<ConnectionBook> {
 public:
  // Before the server starts.
  static std::shared_ptr<ConnectionBook> of(remoting::Server& server) {
    auto book = std::make_shared<ConnectionBook>();
    server.on_connect([book](const remoting::ConnectionPtr& connection) { book->add(connection); });
    return book;
  }

  // Each closes once its answers have left.
  void close_all() {
    std::vector<remoting::ConnectionPtr> open;
    {
      std::lock_guard lock(mutex_);
      for (const auto& [id, weak] : connections_) {
        if (auto connection = weak.lock()) open.push_back(std::move(connection));
      }
    }
    for (const auto& connection : open) connection->close();
  }

 private:
  void add(const remoting::ConnectionPtr& connection) {
    {
      std::lock_guard lock(mutex_);
      connections_.emplace(connection->id(), connection);
    }
    connection->on_close([book = shared_from_this(), id = connection->id()] {
      std::lock_guard lock(book->mutex_);
      book->connections_.erase(id);
    });
  }

  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::weak_ptr<remoting::Connection>> connections_;
};

}  // namespace rmq::broker
