/* The mirror of a host's interfaces: what a program finds when it asks the kernel natively. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>

#include "support/run_fixture.h"

static const char *self; /* this test's program, which is also the program that is run */

/* Inside: one line for each thing that is wrong. */
static int wrong(const char *what)
{
    printf("inside: %s\n", what);
    return 1;
}

/* "eth0 10.1.2.3/24 scope 0" of an address, "eth0 mac mtu" of a link. */
static void describe(const struct ifaddrs *one, int probe, char *line, size_t size)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (one->ifa_addr->sa_family == AF_PACKET) {
        struct sockaddr_ll link;
        struct ifreq request = { 0 };
        memcpy(&link, one->ifa_addr, sizeof link);
        snprintf(request.ifr_name, sizeof request.ifr_name, "%s", one->ifa_name);
        ioctl(probe, SIOCGIFMTU, &request);
        snprintf(line, size, "%s %02x:%02x mtu %d index %d%s%s", one->ifa_name, link.sll_addr[0], link.sll_addr[5],
                 request.ifr_mtu, link.sll_ifindex, one->ifa_flags & IFF_UP ? " up" : "",
                 one->ifa_flags & IFF_MULTICAST ? " multicast" : "");
    } else if (one->ifa_addr->sa_family == AF_INET) {
        struct sockaddr_in name, mask;
        memcpy(&name, one->ifa_addr, sizeof name);
        memcpy(&mask, one->ifa_netmask, sizeof mask);
        inet_ntop(AF_INET, &name.sin_addr, text, sizeof text);
        snprintf(line, size, "%s %s/%d", one->ifa_name, text, __builtin_popcount(mask.sin_addr.s_addr));
    } else {
        struct sockaddr_in6 name;
        memcpy(&name, one->ifa_addr, sizeof name);
        inet_ntop(AF_INET6, &name.sin6_addr, text, sizeof text);
        snprintf(line, size, "%s %s%%%u", one->ifa_name, text, name.sin6_scope_id);
    }
}

/* What is listed of eth*, without the loopback, must be exactly the words given. */
static int listed(char **expected, int count)
{
    struct ifaddrs *list, *one;
    int failed = 0, probe = socket(AF_UNIX, SOCK_DGRAM, 0), seen = 0;
    if (getifaddrs(&list) < 0)
        return wrong("getifaddrs");
    for (one = list; one; one = one->ifa_next) {
        char line[128];
        int i;
        if (!one->ifa_addr || strcmp(one->ifa_name, "lo") == 0)
            continue;
        describe(one, probe, line, sizeof line);
        for (i = 0; i < count && strcmp(expected[i], line) != 0; i++)
            ;
        seen++;
        if (i == count)
            failed = wrong(line);
    }
    freeifaddrs(list);
    if (seen != count)
        failed = wrong("too few or too many");
    return failed;
}

/* Exit codes: 0, 1 wrong, 77 this kernel makes no mirror. */
static int inside(int count, char **expected)
{
    char line[256];
    if (if_nametoindex("eth0") == 0)
        return 77;
    FILE *file = fopen("/proc/net/if_inet6", "r");
    while (file && fgets(line, sizeof line, file)) {
        unsigned flags = 0;
        sscanf(line, "%*s %*s %*s %*s %x", &flags);
        if (flags & 0x48) /* IFA_F_TENTATIVE, IFA_F_DADFAILED */
            return wrong(line);
    }
    if (file)
        fclose(file);
    return listed(expected, count);
}

/* The same, but what is not so yet may become so. */
static int inside_later(int count, char **expected)
{
    int result = 1;
    for (int i = 0; i < 400 && result == 1; i++) {
        if (i)
            usleep(25000);
        result = inside(count, expected);
    }
    return result;
}

/* `after` changes the stack when the program runs; NULL: nothing does. */
static void expect(const struct baro_run_host *host, const char *const *argument,
                   void (*after)(struct baro_stack *stack))
{
    struct run_fixture f;
    fixture_init(&f, 0);
    const struct baro_run_program program = { .host = baro_run_add_host(f.run, host),
                                              .argument = (char *const *)(uintptr_t)argument };
    if (baro_run_spawn(f.run, &program) < 0 && strstr(f.line, "namespaces")) {
        printf("skipped: %s\n", f.line);
        exit(77);
    }
    if (after)
        after(host->stack);
    assert_true(fixture_until(&f, fixture_has_ended));
    if (WEXITSTATUS(f.wait_status) == 77) {
        printf("skipped: this kernel makes neither dummy, ifb nor bridge interfaces\n");
        exit(77);
    }
    assert_int_equal(f.wait_status, 0);
    fixture_release(&f);
}

static void shows_ipv4_alone(void **state)
{
    (void)state;
    struct baro_stack stack = { 0 };
    const struct baro_run_host host = {
        .stack = &stack,
        .interface = { { .number = 1,
                         .mac = { { 2, 0xba, 0x70, 0, 0, 0x11 } },
                         .mtu = 1400,
                         .address = { { baro_ipv4(10, 1, 2, 3), 24 }, { baro_ipv4(10, 9, 0, 1), 30 } },
                         .gateway = { baro_ipv4(10, 1, 2, 1) } } },
    };
    const char *const argument[] = { self,           "inside",         "eth0 02:11 mtu 1400 index 2 up multicast",
                                     "eth0 10.1.2.3/24", "eth0 10.9.0.1/30", NULL };
    expect(&host, argument, NULL);
}

static struct baro_address ipv6(const char *text)
{
    struct baro_address address = { .family = BARO_FAMILY_IPV6 };
    assert_int_equal(inet_pton(AF_INET6, text, address.octet), 1);
    return address;
}

/* Two interfaces, addresses of both families, and none of the kernel's own. */
static void shows_both_families(void **state)
{
    (void)state;
    struct baro_stack stack = { 0 };
    const struct baro_run_host host = {
        .stack = &stack,
        .interface = { { .number = 1,
                         .mac = { { 2, 0xba, 0x70, 0, 0, 0x11 } },
                         .address = { { baro_ipv4(10, 1, 2, 3), 24 },
                                      { ipv6("fd00:1::3"), 64 },
                                      { ipv6("fe80::11"), 64 } },
                         .gateway = { baro_ipv4(10, 1, 2, 1), ipv6("fe80::1") } },
                       { .number = 2,
                         .mac = { { 2, 0xba, 0x70, 0, 0, 0x12 } },
                         .mtu = 9000,
                         .address = { { ipv6("fe80::12"), 64 } } } },
    };
    if (access("/proc/net/if_inet6", F_OK) != 0) {
        printf("this kernel has no IPv6: not looked at\n");
        return;
    }
    const char *const argument[] = { self,
                                     "inside",
                                     "eth0 02:11 mtu 1500 index 2 up multicast",
                                     "eth0 10.1.2.3/24",
                                     "eth0 fd00:1::3%0",
                                     "eth0 fe80::11%2",
                                     "eth1 02:12 mtu 9000 index 3 up multicast",
                                     "eth1 fe80::12%3",
                                     NULL };
    expect(&host, argument, NULL);
}

static struct baro_address_status has(struct baro_address address, unsigned prefix_length, bool tentative)
{
    return (struct baro_address_status){ .address = address, .prefix_length = prefix_length, .tentative = tentative };
}

static void addresses_change(struct baro_stack *stack)
{
    stack->status[0] = has(ipv6("fe80::11"), 64, false);
    stack->status[0].address.zone = 1;
    stack->status[1] = has(baro_ipv4(10, 9, 9, 9), 24, false);
    stack->statuses = 2;
    stack->changes++;
}

/* What is probed is not there yet; what the stack loses goes, what it gets comes; what the host was made with stays. */
static void follows_the_stack(void **state)
{
    (void)state;
    static struct baro_stack stack;
    const struct baro_run_host host = {
        .stack = &stack, .interface = { { .number = 1, .mac = { { 2, 0xba, 0x70, 0, 0, 0x11 } },
                                          .address = { { baro_ipv4(10, 1, 2, 3), 24 } } } }
    };
    const char *const link = "eth0 02:11 mtu 1500 index 2 up multicast";
    const char *const before[] = { self, "inside", link, "eth0 10.1.2.3/24", "eth0 fd00:2::5%0", NULL };
    const char *const after[] = {
        self, "later", link, "eth0 10.1.2.3/24", "eth0 10.9.9.9/24", "eth0 fe80::11%2", NULL
    };
    if (access("/proc/net/if_inet6", F_OK) != 0) {
        printf("this kernel has no IPv6: not looked at\n");
        return;
    }
    stack.status[0] = has(ipv6("fe80::11"), 64, true);
    stack.status[1] = has(ipv6("fd00:2::5"), 64, false);
    stack.statuses = 2;
    expect(&host, before, NULL);
    expect(&host, after, addresses_change);
    stack.statuses = 0; /* it begins without IPv6 */
    expect(&host, after, addresses_change);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "inside") == 0)
        return inside(argc - 2, argv + 2);
    if (argc > 2 && strcmp(argv[1], "later") == 0)
        return inside_later(argc - 2, argv + 2);
    self = argv[0];
    const struct CMUnitTest tests[] = { cmocka_unit_test(shows_ipv4_alone), cmocka_unit_test(shows_both_families),
                                         cmocka_unit_test(follows_the_stack) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
