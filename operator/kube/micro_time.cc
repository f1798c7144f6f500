#include "operator/kube/micro_time.h"

#include <cstdio>
#include <ctime>

namespace rmq::kube {

std::string micro_time(std::int64_t wall_ms) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char day[32];
  std::strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts);
  char out[48];
  std::snprintf(out, sizeof(out), "%s.%03d000Z", day, static_cast<int>(wall_ms % 1000));
  return out;
}

}  // namespace rmq::kube
