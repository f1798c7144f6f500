#include "broker/state/pretty_json.h"

namespace rmq::broker {

std::string pretty_json(std::string_view compact) {
  std::string out;
  out.reserve(compact.size() + compact.size() / 2);
  std::size_t depth = 0;
  auto new_line = [&] {
    out += '\n';
    out.append(depth, '\t');
  };
  for (std::size_t i = 0; i < compact.size(); ++i) {
    char c = compact[i];
    switch (c) {
      case '"': {
        std::size_t end = i + 1;
        while (end < compact.size() && compact[end] != '"') end += compact[end] == '\\' ? 2 : 1;
        out += compact.substr(i, end + 1 - i);
        i = end;
        break;
      }
      case '{':
        if (i + 1 < compact.size() && compact[i + 1] == '}') {
          out += "{}";
          ++i;
          break;
        }
        [[fallthrough]];
      case '[':
        out += c;
        ++depth;
        new_line();
        break;
      case '}':
      case ']':
        if (depth > 0) --depth;
        new_line();
        out += c;
        break;
      case ',':
        out += c;
        new_line();
        break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace rmq::broker
