#include "broker/state/state_file.h"

#include "common/base/file.h"
#include "common/base/log.h"

namespace rmq::broker {

Status load_state_file(const std::string& path, const std::function<Status(std::string_view)>& decode) {
  Status first;
  for (const std::string& file : {path, path + ".bak"}) {
    auto text = read_file(file);
    if (text && text->empty()) continue;
    Status status = text ? decode(*text) : Status(fail(text.error()));
    if (status) {
      if (!first)
        log::warn("state file unusable, the one before it is used", {{"path", path}, {"error", first.error()}});
      return {};
    }
    if (status.error().kind == ErrorKind::kNotFound) continue;
    if (first) first = fail(status.error().with(file));
  }
  return first;
}

}  // namespace rmq::broker
