#include "queue.h"

#include <cmath>
#include <queue>
#include <vector>

namespace {
struct Event {
  int64_t time;
  uint64_t payload;
  bool operator<(const Event &other) const { return time > other.time; }
};

uint64_t next(uint64_t &state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

int64_t gap(uint64_t &state) {
  return static_cast<int64_t>(-std::log((static_cast<double>(next(state) >> 11) + 0.5) * 0x1p-53) * 1e9);
}
}  // namespace

uint64_t dryrack_hold_priority_queue(int64_t pending, int64_t holds) {
  std::priority_queue<Event> queue;
  uint64_t state = 1, sum = 0;
  for (int64_t i = 0; i < pending; ++i) queue.push({gap(state), static_cast<uint64_t>(i)});
  for (int64_t i = 0; i < holds; ++i) {
    Event event = queue.top();
    queue.pop();
    sum += event.payload;
    queue.push({event.time + gap(state), event.payload});
  }
  return sum;
}
