#pragma once
int dryrack_placeholder(void);
