// The hold model on std::priority_queue: the bar that every C++ simulator starts from.
#pragma once
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
/// Runs `holds` pops, each followed by a push, at `pending` events; returns a checksum.
uint64_t dryrack_hold_priority_queue(int64_t pending, int64_t holds);
#ifdef __cplusplus
}
#endif
