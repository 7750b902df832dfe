#include "catalog_data.h"
int dryrack_placeholder(void) { return 0; }
