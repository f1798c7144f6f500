#include "controller/etcd/group_store.h"

#include <charconv>

namespace rmq::etcd {
namespace {

using controller::StoredGroup;
using controller::WriteOutcome;

constexpr std::size_t kThreads = 2;        // writes of different groups side by side
constexpr std::size_t kMaxQueue = 10'000;  // a group has one write under way at most

WriteOutcome error_outcome(Error error) {
  WriteOutcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

Result<std::int64_t> revision_of(const std::string& version) {
  if (version.empty()) return 0;  // it does not exist
  std::int64_t revision = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), revision);
  if (error != std::errc{} || end != version.data() + version.size()) {
    return fail(ErrorKind::kInternal, "no revision: " + version);
  }
  return revision;
}

Result<StoredGroup> stored_group(const std::string& name, const KeyValue& found) {
  StoredGroup result{name, {}, nullptr};
  if (found.mod_revision == 0) return result;
  auto state = election::group_state_from_text(found.value);
  if (!state) return fail(state.error().with("etcd: " + found.key));
  result.version = std::to_string(found.mod_revision);
  result.state = std::make_shared<const election::GroupState>(std::move(*state));
  return result;
}

WriteOutcome conflict(const std::string& name, const KeyValue& actual) {
  auto stored = stored_group(name, actual);
  if (!stored) return error_outcome(stored.error());
  WriteOutcome outcome;
  outcome.what = WriteOutcome::What::kConflict;
  outcome.actual = std::move(*stored);
  return outcome;
}

Error not_leader() {
  return {ErrorKind::kDenied, "not the leader any more: nothing was written"};
}

}  // namespace

GroupStore::GroupStore(ClientOptions options, std::string prefix, Fence fence)
    : options_(std::move(options)),
      prefix_(std::move(prefix) + "/groups/"),
      fence_(std::move(fence)),
      workers_("etcd", kThreads, kMaxQueue) {}

GroupStore::~GroupStore() {
  stop();
}

void GroupStore::stop() {
  workers_.stop();
}

std::unique_ptr<Client> GroupStore::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto client = std::move(idle_.back());
      idle_.pop_back();
      return client;
    }
  }
  return std::make_unique<Client>(options_);
}

void GroupStore::give_back(std::unique_ptr<Client> client) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(client));
}

void GroupStore::load(Loaded done) {
  const bool queued = workers_.post([this, done] {
    auto client = take();
    auto found = client->range_prefix(prefix_);
    give_back(std::move(client));
    if (!found) return done(fail(found.error()));
    std::vector<StoredGroup> result;
    for (const auto& item : *found) {
      auto group = stored_group(item.key.substr(prefix_.size()), item);
      if (!group) return done(fail(group.error()));
      result.push_back(std::move(*group));
    }
    done(std::move(result));
  });
  if (!queued) done(fail(ErrorKind::kUnavailable, "the store is stopping or overloaded"));
}

void GroupStore::write(std::function<WriteOutcome(Client&)> work, Written done) {
  const bool queued = workers_.post([this, work = std::move(work), done] {
    auto client = take();
    auto outcome = work(*client);
    give_back(std::move(client));
    done(std::move(outcome));
  });
  if (!queued) done(error_outcome({ErrorKind::kUnavailable, "the store is stopping or overloaded"}));
}

void GroupStore::compare_and_swap(const std::string& name, const std::string& expected_version,
                                  std::shared_ptr<const election::GroupState> state, Written done) {
  write([this, name, expected_version,
         state](Client& client) { return swap(client, name, expected_version, election::to_text(*state)); },
        std::move(done));
}

void GroupStore::compare_and_remove(const std::string& name, const std::string& expected_version, Written done) {
  write([this, name, expected_version](Client& client) { return remove(client, name, expected_version); },
        std::move(done));
}

WriteOutcome GroupStore::swap(Client& client, const std::string& name, const std::string& expected_version,
                              const std::string& text) {
  const auto expected = revision_of(expected_version);
  if (!expected) return error_outcome(expected.error());
  const auto fence = fence_();
  if (!fence) return error_outcome(not_leader());
  const auto outcome =
      client.put_if({*fence, {key_of(name), Compare::Target::kModRevision, *expected}}, key_of(name), text);
  if (!outcome) return error_outcome(outcome.error());
  if (outcome->succeeded) {
    WriteOutcome result;
    result.what = WriteOutcome::What::kWritten;
    result.version = std::to_string(outcome->revision);
    return result;
  }
  // The key is as expected: then it was the fence that did not hold.
  if (outcome->actual.mod_revision == *expected) return error_outcome(not_leader());
  return conflict(name, outcome->actual);
}

WriteOutcome GroupStore::remove(Client& client, const std::string& name, const std::string& expected_version) {
  const auto expected = revision_of(expected_version);
  if (!expected) return error_outcome(expected.error());
  const auto fence = fence_();
  if (!fence) return error_outcome(not_leader());
  const auto status =
      client.delete_if({*fence, {key_of(name), Compare::Target::kModRevision, *expected}}, key_of(name));
  if (status) {
    WriteOutcome result;
    result.what = WriteOutcome::What::kWritten;
    return result;
  }
  if (status.error().kind != ErrorKind::kConflict) return error_outcome(status.error());
  const auto actual = client.get(key_of(name));
  if (!actual) return error_outcome(actual.error());
  if (actual->mod_revision == *expected) return error_outcome(not_leader());
  return conflict(name, *actual);
}

}  // namespace rmq::etcd
