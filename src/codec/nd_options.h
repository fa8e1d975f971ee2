/* codec/nd_options.h: the options of neighbour discovery, for nd.c alone. */
#ifndef CODEC_ND_OPTIONS_H
#define CODEC_ND_OPTIONS_H

#include "codec/nd.h"

/* False: a length of zero or beyond the end. */
bool nd_options_read(struct nd_message *message, int interface, struct baro_bytes options);

/* False: they do not fit into `room`. */
bool nd_options_write(const struct nd_message *message, uint8_t *to, size_t room, size_t *written);

#endif
