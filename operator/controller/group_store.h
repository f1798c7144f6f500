// Where the states of the broker groups of one cluster live, and the only way they change: compare-and-swap. Kubernetes
// objects (BrokerGroup, by resourceVersion), etcd keys (by mod revision), or memory (tests) implement it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "operator/election/group_state.h"

namespace rmq::controller {

// One group as the store holds it.
struct StoredGroup {
  std::string name;     // the broker name
  std::string version;  // opaque; equal versions hold equal states; never empty for a group that exists
  std::shared_ptr<const election::GroupState> state;  // nullptr: there is no such group (any more)
};

struct WriteOutcome {
  enum class What {
    kWritten,
    kConflict,  // certainly not written: `actual` is there instead
    kError,     // perhaps written, perhaps not (timeout, connection lost, 5xx), or refused: `error`
  };
  What what = What::kError;
  std::string version;  // kWritten: the new one; empty after a removal
  StoredGroup actual;   // kConflict
  Error error;          // kError
};

// All calls are asynchronous, thread-safe and never block. A callback runs exactly once, on any thread, perhaps before
// the call returns; the callee bounds the time itself (10 s at most). Callbacks hold what they touch weakly: one that
// comes after its caller has gone does no harm.
//
// A store that can tell that this process is no longer the leader writes nothing then (kError).
class GroupStore {
 public:
  using Loaded = std::function<void(Result<std::vector<StoredGroup>>)>;
  using Written = std::function<void(WriteOutcome)>;

  virtual ~GroupStore() = default;

  // Every group of the cluster, as of now (not from a cache that may be older than a write of a former leader). One
  // that can't be read (corrupt) makes the whole fail: a group that is there must not look new.
  virtual void load(Loaded done) = 0;

  // Writes `state` if the group still has `expected_version`; an empty one says that it does not exist yet: creates it.
  virtual void compare_and_swap(const std::string& name, const std::string& expected_version,
                                std::shared_ptr<const election::GroupState> state, Written done) = 0;

  // Removes the group if it still has `expected_version`.
  virtual void compare_and_remove(const std::string& name, const std::string& expected_version, Written done) = 0;
};

}  // namespace rmq::controller
