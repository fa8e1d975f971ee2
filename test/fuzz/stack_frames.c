/* The frame device of the tests, for stack_fuzz. */
#include "test/support/frame_device.c"
