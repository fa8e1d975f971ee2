/* tools/address.h: addresses as a person types them. */
#ifndef TOOLS_ADDRESS_H
#define TOOLS_ADDRESS_H

#include "baro/network.h"

/* "10.0.0.1/24" into both, "10.0.0.1" with prefix 24. False: it is no such thing. */
bool address_parse(const char *text, struct baro_address *address, unsigned *prefix_length);

/* "10.0.0.1/24,fd00::1/64": up to `limit` addresses of hosts, of both families, an IPv6 one without a prefix with 64.
 * How many; 0: one of them is no such thing. */
unsigned address_list_parse(const char *text, struct baro_host_address *list, unsigned limit);

/* Is it in the subnet? */
bool address_within(struct baro_address address, struct baro_address prefix, unsigned prefix_length);

/* Its subnet's own address: zeros behind the prefix. */
struct baro_address address_subnet(struct baro_address address, unsigned prefix_length);

/* fe80::/10 (RFC 4291 §2.5.6). */
bool address_is_link_local(struct baro_address address);

/* "10.0.0.0/8", "fd00::/64", "0.0.0.0/0": a subnet, without anything behind its prefix. */
bool prefix_parse(const char *text, struct baro_address *prefix, unsigned *prefix_length);

/* An address of either family as text. */
enum { ADDRESS_WORDS = 46 };
const char *address_words(struct baro_address address, char text[ADDRESS_WORDS]);

/* One address of either family, "10.0.0.1" or "fd00::1", with or without a prefix. */
bool address_any_parse(const char *text, struct baro_address *address, unsigned *prefix_length);

/* Where a program of this machine can listen: a host's address, a loopback one, 0.0.0.0 or ::. Link-local ones of IPv6,
 * which want a zone, are not. */
bool address_listens(const char *text, struct baro_address *address);

/* "8080", 1 to 65535. */
bool port_parse(const char *text, struct baro_port *port);

/* Can a network interface have this name? 1 to 15 octets, neither slash nor blank. */
bool interface_name_is_right(const char *text);

/* The first address of the subnet, or the second where `address` is the first: a gateway's usual place. Of both
 * families. */
struct baro_address address_gateway(struct baro_address address, unsigned prefix_length);

/* "10.0.0.1" into a buffer of at least 16. */
const char *address_text(struct baro_address address, char text[16]);

#endif
