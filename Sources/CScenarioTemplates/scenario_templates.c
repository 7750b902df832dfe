// The files of `scenarios/` as they stand, so that `init` can write them anywhere. C embeds a file in the
// program without a copy in the sources; the tidy test checks that no file of the folder is missing here.
#include "scenario_templates.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

#if __has_embed("../../scenarios/minimal.yaml")
static const char minimal[] = {
#embed "../../scenarios/minimal.yaml"
};
#define MINIMAL {"minimal.yaml", minimal, sizeof minimal},
#else
#define MINIMAL
#endif

#if __has_embed("../../scenarios/support-chat.yaml")
static const char support_chat[] = {
#embed "../../scenarios/support-chat.yaml"
};
#define SUPPORT_CHAT {"support-chat.yaml", support_chat, sizeof support_chat},
#else
#define SUPPORT_CHAT
#endif

static const struct dryrack_template templates[] = {MINIMAL SUPPORT_CHAT{0, 0, 0}};

size_t dryrack_template_count(void) { return sizeof templates / sizeof *templates - 1; }
struct dryrack_template dryrack_template_at(size_t index) { return templates[index]; }
