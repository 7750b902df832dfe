#pragma once
#include <stddef.h>

/// A file of `scenarios/`, carried inside the command.
struct dryrack_template {
  /// Relative to `scenarios/`.
  const char *path;
  const char *bytes;
  size_t size;
};

size_t dryrack_template_count(void);
struct dryrack_template dryrack_template_at(size_t index);
