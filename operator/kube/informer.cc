#include "operator/kube/informer.h"

#include <condition_variable>
#include <mutex>
#include <random>

#include <nlohmann/json.hpp>

#include "common/base/json.h"
#include "common/base/log.h"
#include "operator/kube/api_error.h"
#include "operator/kube/json_access.h"
#include "operator/kube/line_splitter.h"

namespace rmq::kube {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxErrorBody = 16 * 1024;
constexpr std::chrono::milliseconds kListTimeout{60'000};

ListWatchOptions list_watch_options(const InformerOptions& from) {
  ListWatchOptions out;
  out.path = collection_path(from.kind, from.ns);
  out.label_selector = from.label_selector;
  out.field_selector = from.field_selector;
  out.page_limit = from.page_limit;
  out.watch_timeout = from.watch_timeout;
  out.backoff = from.backoff;
  return out;
}

}  // namespace

void drop_bookkeeping(json& object) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return;
  metadata->erase("managedFields");
  const auto annotations = metadata->find("annotations");
  if (annotations == metadata->end() || !annotations->is_object()) return;
  annotations->erase("kubectl.kubernetes.io/last-applied-configuration");
}

// Everything but the cache, `shared` and `stopped` belongs to the loop's thread.
struct Informer::State : std::enable_shared_from_this<Informer::State> {
  State(ApiServer& server_in, InformerOptions options_in)
      : server(server_in), options(std::move(options_in)), rules(list_watch_options(options), std::random_device{}()) {}

  void schedule(const Step& step) {
    if (stopped()) return;
    if (step.delay.count() == 0) {
      send(step);
      return;
    }
    timer = server.loop().run_after(step.delay, [self = shared_from_this(), step] {
      if (!self->stopped()) self->send(step);
    });
  }

  void send(const Step& step) {
    http_status = 0;
    retry_after = {};
    body.clear();
    lines.reset();
    HttpRequest request;
    request.target = step.target;
    request.timeout = kListTimeout;
    const bool watch = step.what == Step::What::kWatch;
    if (watch) request.idle_timeout = options.idle_timeout;
    exchange = server.start(
        std::move(request),
        {.on_head = [self = shared_from_this(), watch](const HttpHead& head) { self->head(head, watch); },
         .on_body = [self = shared_from_this(), watch](std::string_view bytes) { return self->bytes(bytes, watch); },
         .on_end =
             [self = shared_from_this(), watch](const Status& status) {
               if (self->stopped()) return;
               watch ? self->watch_ended(status) : self->list_ended(status);
             }});
  }

  void head(const HttpHead& head, bool watch) {
    http_status = head.status;
    retry_after = head.retry_after;
    if (watch && head.status == 200) {
      std::lock_guard lock(mutex);
      ++shared.watches;
    }
  }

  bool bytes(std::string_view chunk, bool watch) {
    if (stopped()) return false;
    if (http_status != 200) {
      if (body.size() < kMaxErrorBody) body.append(chunk);
      return true;
    }
    if (!watch) {
      body.append(chunk);
      return true;
    }
    return lines.feed(chunk, [this](std::string_view line) { return take_line(line) && !stopped(); });
  }

  void list_ended(const Status& status) {
    const std::string text = std::exchange(body, {});
    if (!status || http_status != 200) {
      note_error(status ? to_error(http_status, text, "list") : status.error().with("list"));
      schedule(rules.list_failed(status ? http_status : 0, retry_after));
      return;
    }
    auto list = parse_json(text);
    Result<PageTaken> taken = list ? rules.page(*list) : fail(list.error());
    if (!taken) {
      note_error(taken.error().with("list"));
      schedule(rules.list_failed(0));
      return;
    }
    if (taken->first) collected.clear();
    if (auto& items = (*list)["items"]; items.is_array()) {
      for (auto& item : items) {
        if (item.is_object()) collected.push_back(trimmed(std::move(item)));
      }
    }
    note_contact();
    if (taken->last) {
      publish(cache.replace(std::exchange(collected, {})));
      note_listed();
    }
    schedule(std::move(taken->next));
  }

  bool take_line(std::string_view line) {
    auto event = parse_json(line);
    if (!event) {
      note_error(event.error().with("watch"));
      return false;
    }
    const auto type = rules.event(*event);
    if (!type) {
      note_error(type.error().with("watch"));
      return false;
    }
    auto& object = (*event)["object"];
    switch (*type) {
      case EventType::kAdded:
      case EventType::kModified: publish(cache.put(trimmed(std::move(object)))); break;
      case EventType::kDeleted: publish(cache.remove(key_of(object))); break;
      case EventType::kBookmark: break;
      case EventType::kExpired:
      case EventType::kFailed:
        note_error(to_error(static_cast<int>(int_at(object, {"code"})), kube::to_text(object), "watch"));
        return false;
    }
    note_contact();
    return true;
  }

  void watch_ended(const Status& status) {
    const std::string text = std::exchange(body, {});
    lines.reset();
    if (http_status != 0 && http_status != 200) {
      note_error(to_error(http_status, text, "watch"));
    } else if (!status && status.error().kind != ErrorKind::kTimeout && http_status == 0) {
      note_error(status.error().with("watch"));
    }
    schedule(rules.watch_ended(http_status, retry_after));
  }

  ObjectPtr trimmed(json object) const {
    // Items of a list lack these.
    object["apiVersion"] = options.kind.api_version();
    object["kind"] = options.kind.kind;
    if (options.project) options.project(object);
    return std::make_shared<const json>(std::move(object));
  }

  void publish(const std::vector<Change>& changes) const {
    for (const auto& change : changes) {
      for (const auto& handler : handlers) {
        if (stopped()) return;
        if (!change.before) {
          if (handler.added) handler.added(change.after);
        } else if (!change.after) {
          if (handler.deleted) handler.deleted(change.before);
        } else if (handler.updated) {
          handler.updated(change.before, change.after);
        }
      }
    }
  }

  void note_contact() {
    std::lock_guard lock(mutex);
    last_contact_ms = server.clock().monotonic_ms();
    shared.last_error.clear();
    failing = false;
  }

  void note_listed() {
    {
      std::lock_guard lock(mutex);
      shared.synced = true;
      ++shared.lists;
    }
    synced_changed.notify_all();
  }

  // Says it once until something succeeds: a server that is down for an hour is no flood of lines.
  void note_error(const Error& error) {
    std::lock_guard lock(mutex);
    shared.last_error = error.message;
    if (failing) return;
    failing = true;
    log::warn("informer", {{"kind", options.kind.plural}, {"error", error}});
  }

  bool stopped() const {
    std::lock_guard lock(mutex);
    return stop_asked;
  }

  ApiServer& server;
  const InformerOptions options;
  ListWatch rules;
  ObjectCache cache;
  std::vector<InformerHandlers> handlers;
  LineSplitter lines;
  std::vector<ObjectPtr> collected;
  std::string body;
  int http_status = 0;
  std::chrono::seconds retry_after{0};
  std::uint64_t exchange = 0;
  std::uint64_t timer = 0;

  mutable std::mutex mutex;
  mutable std::condition_variable synced_changed;
  InformerHealth shared;
  std::int64_t last_contact_ms = -1;
  bool failing = false;
  bool started = false;
  bool stop_asked = false;
};

Informer::Informer(ApiServer& server, InformerOptions options)
    : state_(std::make_shared<State>(server, std::move(options))) {}

Informer::~Informer() {
  stop();
}

void Informer::add_handlers(InformerHandlers handlers) {
  state_->handlers.push_back(std::move(handlers));
}

void Informer::start() {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->started || state_->stop_asked) return;
    state_->started = true;
  }
  state_->server.loop().post([state = state_] { state->schedule(state->rules.start()); });
}

void Informer::stop() {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->stop_asked || !state_->started) {
      state_->stop_asked = true;
      return;
    }
    state_->stop_asked = true;
  }
  state_->synced_changed.notify_all();
  auto& loop = state_->server.loop();
  const auto let_go = [state = state_] {
    state->server.loop().cancel_timer(state->timer);
    state->server.cancel(state->exchange);
  };
  if (loop.on_loop_thread()) {
    let_go();
    return;
  }
  loop.run_and_wait(let_go);
}

ObjectPtr Informer::get(const ObjectKey& key) const {
  return state_->cache.get(key);
}
std::vector<ObjectPtr> Informer::list(const std::string& ns) const {
  return state_->cache.list(ns);
}
const ResourceKind& Informer::kind() const {
  return state_->options.kind;
}

bool Informer::synced() const {
  std::lock_guard lock(state_->mutex);
  return state_->shared.synced;
}

bool Informer::wait_synced(std::chrono::milliseconds limit) const {
  std::unique_lock lock(state_->mutex);
  state_->synced_changed.wait_for(lock, limit, [this] { return state_->shared.synced || state_->stop_asked; });
  return state_->shared.synced;
}

InformerHealth Informer::health() const {
  std::lock_guard lock(state_->mutex);
  auto out = state_->shared;
  if (state_->last_contact_ms >= 0) out.silent_ms = state_->server.clock().monotonic_ms() - state_->last_contact_ms;
  out.objects = state_->cache.size();
  return out;
}

}  // namespace rmq::kube
