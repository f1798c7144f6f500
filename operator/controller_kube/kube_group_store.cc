#include "operator/controller_kube/kube_group_store.h"

#include <map>
#include <mutex>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/json.h"
#include "operator/api/broker_group.h"
#include "operator/build/names.h"
#include "operator/controller_kube/group_view.h"
#include "operator/kube/api_error.h"
#include "operator/kube/json_access.h"
#include "operator/reconcile/cluster/kinds.h"

namespace rmq::operator_ {

using controller::StoredGroup;
using controller::WriteOutcome;
using election::GroupState;
using kube::text_at;
using nlohmann::json;
using StatePtr = std::shared_ptr<const GroupState>;

namespace {

constexpr int kMaxAttempts = 4;  // of one write, while only the rest of the object changes
constexpr std::size_t kMaxAnswer = 16 * 1024 * 1024;

std::string version_of(const json& object) {
  return text_at(object, {"metadata", "resourceVersion"});
}

// kNotFound becomes a group without a state; its version says that it is to be created.
Result<StoredGroup> stored(const std::string& name, const json& object) {
  auto state = state_of(object);
  if (!state && state.error().kind == ErrorKind::kNotFound) return StoredGroup{.name = name};
  if (!state) return fail(std::move(state).error());
  return StoredGroup{
      .name = name, .version = version_of(object), .state = std::make_shared<const GroupState>(std::move(*state))};
}

WriteOutcome failed(Error error) {
  return {.what = WriteOutcome::What::kError, .error = std::move(error)};
}

}  // namespace

struct KubeGroupStore::Impl : std::enable_shared_from_this<KubeGroupStore::Impl> {
  using Answered = std::function<void(Result<json>)>;

  // An object as last seen by us.
  struct Seen {
    std::string version;
    BrokerGroupStatus status;  // its uid is the object's own, whatever was written into it
  };
  // One write on its way.
  struct Attempt {
    std::string name;
    StatePtr expected;  // null: there was none
    StatePtr state;
    controller::GroupStore::Written done;
    int left = kMaxAttempts;
  };
  using AttemptPtr = std::shared_ptr<Attempt>;

  Impl(kube::ApiServer& api, const Clock& time, KubeGroupStoreOptions given)
      : server(api), clock(time), options(std::move(given)) {}

  void send(std::string method, std::string target, std::string content_type, const json& body, Answered done) {
    kube::HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.content_type = std::move(content_type);
    if (!body.is_null()) request.body = kube::to_text(body);
    request.timeout = options.timeout;
    request.max_body_bytes = kMaxAnswer;
    const auto what = request.method + " " + request.target;
    auto answer = std::make_shared<kube::HttpAnswer>();
    server.start(std::move(request), {.on_head = [answer](const kube::HttpHead& head) { answer->status = head.status; },
                                      .on_body =
                                          [answer](std::string_view bytes) {
                                            answer->body.append(bytes);
                                            return true;
                                          },
                                      .on_end =
                                          [answer, what, done = std::move(done)](Status status) {
                                            if (!status) return done(fail(std::move(status).error().with(what)));
                                            if (answer->status < 200 || answer->status > 299) {
                                              return done(fail(kube::to_error(answer->status, answer->body, what)));
                                            }
                                            done(parse_json(answer->body));
                                          }});
  }

  kube::ObjectKey key(const std::string& name) const { return {options.cluster.ns, name}; }

  void see(const json& object) {
    Seen now{.version = version_of(object), .status = broker_group_status(object)};
    now.status.uid = text_at(object, {"metadata", "uid"});
    std::lock_guard lock(mutex);
    seen_[kube::key_of(object).name] = std::move(now);
  }
  std::optional<Seen> seen(const std::string& name) {
    std::lock_guard lock(mutex);
    auto found = seen_.find(name);
    return found == seen_.end() ? std::nullopt : std::optional(found->second);
  }
  std::string lag(const std::string& name) {
    std::lock_guard lock(mutex);
    return lag_[name];
  }

  void get(const std::string& name, Answered done) {
    send("GET", kube::object_path(kBrokerGroups, key(name)), {}, nullptr,
         [self = shared_from_this(), done = std::move(done)](Result<json> object) {
           if (object) self->see(*object);
           done(std::move(object));
         });
  }

  void finish(const AttemptPtr& attempt, WriteOutcome outcome) {
    auto done = std::move(attempt->done);
    done(std::move(outcome));
  }

  void begin(const std::string& name, const std::string& expected_version, StatePtr state,
             controller::GroupStore::Written done) {
    auto attempt = std::make_shared<Attempt>();
    attempt->name = name;
    attempt->state = std::move(state);
    attempt->done = std::move(done);
    if (expected_version.empty()) return look_and_put(attempt);
    const auto there = seen(name);
    if (there && there->version == expected_version && !there->status.state.is_null()) {
      if (auto expected = election::group_state_from_json(there->status.state)) {
        attempt->expected = std::make_shared<const GroupState>(std::move(*expected));
        return put(attempt);
      }
    }
    // Versions come from us alone; one that is not the last we saw is older, and what is there decides.
    tell_actual(attempt);
  }

  void tell_actual(const AttemptPtr& attempt) {
    get(attempt->name, [self = shared_from_this(), attempt](Result<json> object) {
      if (!object && object.error().kind != ErrorKind::kNotFound) {
        return self->finish(attempt, failed(std::move(object).error()));
      }
      auto actual = object ? stored(attempt->name, *object) : Result<StoredGroup>(StoredGroup{.name = attempt->name});
      if (!actual) return self->finish(attempt, failed(std::move(actual).error()));
      self->finish(attempt, {.what = WriteOutcome::What::kConflict, .actual = std::move(*actual)});
    });
  }

  // Looks at what is there, and writes if it is what was expected.
  void look_and_put(const AttemptPtr& attempt) {
    if (attempt->left-- == 0) {
      return finish(attempt,
                    failed({ErrorKind::kUnavailable, attempt->name + " changes faster than it can be written"}));
    }
    get(attempt->name, [self = shared_from_this(), attempt](Result<json> object) {
      if (!object && object.error().kind == ErrorKind::kNotFound) return self->object_missing(attempt);
      if (!object) return self->finish(attempt, failed(std::move(object).error()));
      auto there = stored(attempt->name, *object);
      if (!there) return self->finish(attempt, failed(std::move(there).error()));
      const bool as_expected =
          attempt->expected ? there->state != nullptr && *there->state == *attempt->expected : there->state == nullptr;
      if (as_expected) return self->put(attempt);
      // Our own write, whose answer was lost on an earlier attempt.
      if (attempt->state && there->state && *there->state == *attempt->state) {
        return self->finish(attempt, {.what = WriteOutcome::What::kWritten, .version = there->version});
      }
      self->finish(attempt, {.what = WriteOutcome::What::kConflict, .actual = std::move(*there)});
    });
  }

  void object_missing(const AttemptPtr& attempt) {
    if (attempt->expected) {
      return finish(attempt, {.what = WriteOutcome::What::kConflict, .actual = {.name = attempt->name}});
    }
    if (!attempt->state) return finish(attempt, {.what = WriteOutcome::What::kWritten});
    auto manifest = options.manifest_of ? options.manifest_of(attempt->name) : std::nullopt;
    if (!manifest) {
      return finish(attempt, failed({ErrorKind::kInvalid, "there is no group " + attempt->name}));
    }
    send("POST", kube::collection_path(kBrokerGroups, options.cluster.ns), "application/json", *manifest,
         [self = shared_from_this(), attempt](Result<json> object) {
           if (!object && object.error().kind != ErrorKind::kConflict) {
             return self->finish(attempt, failed(std::move(object).error()));
           }
           self->look_and_put(attempt);
         });
  }

  void put(const AttemptPtr& attempt) {
    if (!options.may_write()) {
      return finish(attempt, failed({ErrorKind::kUnavailable, "this operator is not the leader any more"}));
    }
    const auto there = seen(attempt->name);
    if (!there) return look_and_put(attempt);
    json object{{"apiVersion", kBrokerGroups.api_version()},
                {"kind", kBrokerGroups.kind},
                {"metadata",
                 {{"name", attempt->name},
                  {"namespace", options.cluster.ns},
                  {"uid", there->status.uid},
                  {"resourceVersion", there->version}}}};
    if (attempt->state) {
      object["status"] =
          to_json(status_of(*attempt->state, there->status.uid, lag(attempt->name), there->status, clock.wall_ms()));
    } else {
      object["status"] = json::object();  // cleaned: nothing is known of the group any more
    }
    send("PUT", kube::object_path(kBrokerGroups, key(attempt->name), "status"), "application/json", object,
         [self = shared_from_this(), attempt](Result<json> written) {
           if (written) {
             self->see(*written);
             const auto version = attempt->state ? version_of(*written) : std::string();
             return self->finish(attempt, {.what = WriteOutcome::What::kWritten, .version = version});
           }
           const auto kind = written.error().kind;
           if (kind == ErrorKind::kConflict || kind == ErrorKind::kNotFound) return self->look_and_put(attempt);
           self->finish(attempt, failed(std::move(written).error()));
         });
  }

  kube::ApiServer& server;
  const Clock& clock;
  const KubeGroupStoreOptions options;
  std::mutex mutex;
  std::map<std::string, Seen> seen_;
  std::map<std::string, std::string> lag_;
};

KubeGroupStore::KubeGroupStore(kube::ApiServer& server, const Clock& clock, KubeGroupStoreOptions options)
    : impl_(std::make_shared<Impl>(server, clock, std::move(options))) {}
KubeGroupStore::~KubeGroupStore() = default;

void KubeGroupStore::load(Loaded done) {
  const auto target = kube::collection_path(kBrokerGroups, impl_->options.cluster.ns) +
                      kube::query({{"labelSelector", std::string(kInstanceLabel) + "=" + impl_->options.cluster.name}});
  impl_->send("GET", target, {}, nullptr, [impl = impl_, done = std::move(done)](Result<json> list) {
    if (!list) return done(fail(std::move(list).error()));
    std::vector<StoredGroup> groups;
    const auto* items = kube::find_at(*list, {"items"});
    if (items == nullptr || !items->is_array()) return done(fail(ErrorKind::kCorrupt, "a list without items"));
    for (const auto& object : *items) {
      auto group = stored(kube::key_of(object).name, object);
      if (!group) return done(fail(std::move(group).error()));
      impl->see(object);
      if (group->state) groups.push_back(std::move(*group));
    }
    done(std::move(groups));
  });
}

void KubeGroupStore::compare_and_swap(const std::string& name, const std::string& expected_version, StatePtr state,
                                      Written done) {
  impl_->begin(name, expected_version, std::move(state), std::move(done));
}
void KubeGroupStore::compare_and_remove(const std::string& name, const std::string& expected_version, Written done) {
  impl_->begin(name, expected_version, nullptr, std::move(done));
}

void KubeGroupStore::write_lag(const std::string& name, const std::string& lag, std::function<void(Status)> done) {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->lag_[name] = lag;
  }
  if (!impl_->options.may_write()) return done(fail(ErrorKind::kUnavailable, "this operator does not lead"));
  const auto target = kube::object_path(kBrokerGroups, impl_->key(name), "status") +
                      kube::query({{"fieldManager", std::string(kManager)}});
  impl_->send("PATCH", target, "application/merge-patch+json", {{"status", {{"lag", lag}}}},
              [done = std::move(done)](Result<json> written) {
                if (!written) return done(fail(std::move(written).error()));
                done({});
              });
}

}  // namespace rmq::operator_
