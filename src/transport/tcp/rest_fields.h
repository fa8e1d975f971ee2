/* transport/tcp/rest_fields.h: the fields of a resting connection, in the order of its record (see rest_codec.h).
 *
 * F(field, kind, expected): what is kept is the field less what is expected of it; where that is nothing, nothing is
 * written. What is expected may depend on fields that stand before it and on what the stack knows (`x`). Kinds: N, a
 * number from 0 on; D, a difference either way; X, as good as random. NOT(member): what is not kept, since a connection
 * may only rest while it says nothing, or since waking sets it anew.
 *
 * Fields that are rarely as expected stand together and first: a group of eight of which all are as expected costs
 * nothing. A test counts that every octet of the two structs stands here once. */
#ifndef TRANSPORT_TCP_REST_FIELDS_H
#define TRANSPORT_TCP_REST_FIELDS_H

#define REST_FLAGS (TCP_OWNED | TCP_IN_DEMUX | TCP_TIMESTAMPS | TCP_SCALED | TCP_SACK_PERMITTED)

#define REST_FIELDS(F)                                                                                                \
    F(snd.iss.value, X, 0)                                                                                            \
    F(rcv.irs.value, X, 0)                                                                                            \
    F(event.owner, N, 0)                                                                                              \
    F(received_at_ns, N, 0)                                                                                           \
    F(ts_recent, X, 0)                                                                                                \
    F(flags, D, REST_FLAGS)                                                                                           \
    F(rtt.srtt_ns, N, 0)                                                                                              \
    F(sent_at_ns, D, c->received_at_ns)                                                                               \
                                                                                                                      \
    F(segments_in, N, 0)                                                                                              \
    F(segments_out, N, 0)                                                                                             \
    F(snd.wnd, N, 0)                                                                                                  \
    F(snd.max_wnd, D, c->snd.wnd)                                                                                     \
    F(rtt_at_ns, D, c->sent_at_ns)                                                                                    \
    F(rtt.least.best[0].us, D, c->rtt.srtt_ns / 1000 + 1)                                                             \
    F(rtt.least.best[0].at_ms, D, (uint32_t)(c->received_at_ns / 1000000))                                            \
    F(rtt.rttvar_ns, D, c->rtt.srtt_ns / 2)                                                                           \
                                                                                                                      \
    F(send.end, N, 0)                                                                                                 \
    F(recv.end, N, 0)                                                                                                 \
    F(rcv.nxt.value, D, c->rcv.irs.value + 1 + (uint32_t)c->recv.end)                                                 \
    F(snd.una.value, D, c->snd.iss.value + 1 + (uint32_t)c->send.end)                                                 \
    F(text_at_ns, D, c->received_at_ns)                                                                               \
    F(ts_recent_at_ns, D, c->received_at_ns)                                                                          \
    F(flight.small.value, D, c->snd.una.value)                                                                        \
    F(quick_acks, N, 0)                                                                                               \
                                                                                                                      \
    F(settings.keepalive, D, x->settings.keepalive)                                                                   \
    F(settings.nodelay, D, x->settings.nodelay)                                                                       \
    F(settings.keepalive_idle_ms, D, x->settings.keepalive_idle_ms)                                                   \
    F(settings.keepalive_interval_ms, D, x->settings.keepalive_interval_ms)                                           \
    F(settings.keepalive_count, D, x->settings.keepalive_count)                                                       \
    F(settings.reuse_address, N, 0)                                                                                   \
    F(settings.reuse_port, N, 0)                                                                                      \
    F(settings.user_timeout_ms, N, 0)                                                                                 \
                                                                                                                      \
    F(settings.send_buffer, D, x->settings.send_buffer)                                                               \
    F(settings.recv_buffer, D, x->settings.recv_buffer)                                                               \
    F(settings.send_fixed, N, 0)                                                                                      \
    F(settings.recv_fixed, N, 0)                                                                                      \
    F(settings.linger, N, 0)                                                                                          \
    F(settings.linger_ms, N, 0)                                                                                       \
    F(settings.quickack, N, 0)                                                                                        \
    F(settings.recv_error, N, 0)                                                                                      \
                                                                                                                      \
    F(settings.cork, N, 0)                                                                                            \
    F(settings.oob_inline, N, 0)                                                                                      \
    F(settings.hold_syn, N, 0)                                                                                        \
    F(settings.transparent, N, 0)                                                                                     \
    F(settings.syn_retries, N, 0)                                                                                     \
    F(settings.defer_accept_s, N, 0)                                                                                  \
    F(settings.fin_wait_2_ms, D, x->settings.fin_wait_2_ms)                                                           \
    F(settings.mss_ceiling, N, 0)                                                                                     \
                                                                                                                      \
    F(settings.ttl, D, x->settings.ttl)                                                                               \
    F(settings.tos, N, 0)                                                                                             \
    F(settings.congestion, N, 0)                                                                                      \
    F(settings.recv_low_water, N, 0)                                                                                  \
    F(settings.notsent_low_water, N, 0)                                                                               \
    F(settings.window_clamp, N, 0)                                                                                    \
    F(settings.max_pacing_rate, N, 0)                                                                                 \
    F(send.limit, D, c->settings.send_buffer)                                                                         \
                                                                                                                      \
    F(path_mtu, D, 1500)                                                                                              \
    F(mss, D, c->path_mtu - (c->remote.address.family == BARO_FAMILY_IPV6 ? 60u : 40u) - tcp_option_octets(c))        \
    F(rcv_mss, D, rest_offer(x, c).mss)                                                                               \
    F(peer_mss, D, c->rcv_mss)                                                                                        \
    F(rcv_scale, D, rest_offer(x, c).scale)                                                                           \
    F(snd_scale, D, c->rcv_scale)                                                                                     \
    F(recv.limit, D, rest_offer(x, c).grant)                                                                          \
    F(tuning.space, D, c->recv.limit / 2)                                                                             \
                                                                                                                      \
    F(state, D, BARO_TCP_ESTABLISHED)                                                                                 \
    F(data_in, N, 0)                                                                                                  \
    F(data_out, N, 0)                                                                                                 \
    F(rcv_full, N, 0)                                                                                                 \
    F(tuning.rtt_us, N, 0)                                                                                            \
    F(congestion.cwnd, D, rest_cwnd(c))                                                                               \
    F(rcv.edge.value, D, rest_edge(c))                                                                                \
    F(congestion.gathered, N, 0)                                                                                      \
                                                                                                                      \
    F(snd.nxt.value, D, c->snd.una.value)                                                                             \
    F(snd.wl1.value, D, c->rcv.nxt.value)                                                                             \
    F(snd.wl2.value, D, c->snd.una.value)                                                                             \
    F(flight.up.value, D, c->snd.una.value)                                                                           \
    F(rcv.up.value, D, c->rcv.nxt.value)                                                                              \
    F(rcv.fin.value, N, 0)                                                                                            \
    F(rcv.acked.value, D, c->rcv.nxt.value)                                                                           \
    F(recover.value, D, c->snd.iss.value)                                                                             \
                                                                                                                      \
    F(congestion.of.word[0], N, 0)                                                                                    \
    F(congestion.of.word[1], N, 0)                                                                                    \
    F(congestion.of.word[2], N, 0)                                                                                    \
    F(congestion.of.word[3], N, 0)                                                                                    \
    F(congestion.of.word[4], N, 0)                                                                                    \
    F(congestion.of.word[5], N, 0)                                                                                    \
    F(congestion.of.word[6], N, 0)                                                                                    \
    F(congestion.of.word[7], N, 0)                                                                                    \
                                                                                                                      \
    F(retransmit_next.value, D, c->snd.una.value)                                                                     \
    F(retransmit_end.value, D, c->snd.una.value)                                                                      \
    F(rtt_seq.value, D, c->snd.una.value)                                                                             \
    F(bytes_acked, D, c->send.end)                                                                                    \
    F(rtt.rto_ns, D, rest_rto_ns(c))                                                                                  \
    F(tuning.copied, N, 0)                                                                                            \
    F(tuning.mark.value, D, 0)                                                                                        \
    F(tuning.since_us, N, 0)                                                                                          \
                                                                                                                      \
    F(rtt.least.best[1].us, N, 0)                                                                                     \
    F(rtt.least.best[1].at_ms, D, c->rtt.least.best[0].at_ms)                                                         \
    F(rtt.least.best[2].us, N, 0)                                                                                     \
    F(rtt.least.best[2].at_ms, D, c->rtt.least.best[1].at_ms)                                                         \
    F(deadline_ns[TCP_TIMER_KEEPALIVE], D, rest_keepalive_ns(c))                                                      \
    F(burst.told.value, N, 0)                                                                                         \
    F(burst.uneven, N, 0)                                                                                             \
    F(progress, D, 1)                                                                                                 \
    F(duplicate_acks, N, 0)                                                                                           \
                                                                                                                      \
    F(congestion.ssthresh, D, x->ssthresh)                                                                            \
    F(congestion.phase, N, 0)                                                                                         \
    F(congestion.algorithm, D, c->settings.congestion)                                                                \
    F(congestion.spare[0], N, 0)                                                                                      \
    F(congestion.spare[1], N, 0)                                                                                      \
    F(send.begin, D, c->send.end)                                                                                     \
    F(recv.begin, D, c->recv.end)                                                                                     \
    F(tuning.marked_at_us, N, 0)                                                                                      \
                                                                                                                      \
    F(counts.retransmits, N, 0)                                                                                       \
    F(timeouts, N, 0)                                                                                                 \
    F(counts.again, N, 0)                                                                                             \
    F(counts.duplicates, N, 0)                                                                                        \
    F(counts.reordered, N, 0)                                                                                         \
    F(counts.out_of_order, N, 0)                                                                                      \
    F(rack.reordering_seen, N, 0)                                                                                     \
    F(rack.multiple, N, 0)                                                                                            \
                                                                                                                      \
    F(rack.persist, N, 0)                                                                                             \
    F(rack.dsack_round, N, 0)                                                                                         \
    F(rack.dsack_end.value, D, 0)                                                                                     \
    F(tail.out, N, 0)                                                                                                 \
    F(tail.again, N, 0)                                                                                               \
    F(tail.spare[0], N, 0)                                                                                            \
    F(tail.spare[1], N, 0)                                                                                            \
    F(tail.end.value, D, 0)                                                                                           \
                                                                                                                      \
    F(ecn.end.value, D, 0)                                                                                            \
    F(ecn.window, N, 0)                                                                                               \
    F(ecn_flags, N, 0)                                                                                                \
    F(spare_half, N, 0)                                                                                               \
    F(blackhole.ceiling, N, 0)                                                                                        \
    F(blackhole.timeouts, N, 0)                                                                                       \
    F(blackhole.trying, N, 0)                                                                                         \
    F(blackhole.outage, N, 0)                                                                                         \
                                                                                                                      \
    F(blackhole.spare[0], N, 0)                                                                                       \
    F(blackhole.spare[1], N, 0)                                                                                       \
    F(blackhole.spare[2], N, 0)                                                                                       \
    F(blackhole.resent.value, D, 0)                                                                                   \
    F(blackhole.again_at_s, N, 0)                                                                                     \
    F(challenge_at_ns, N, 0)                                                                                          \
    F(blind_at_ns, N, 0)                                                                                              \
    F(challenges, N, 0)                                                                                               \
                                                                                                                      \
    F(error, N, 0)                                                                                                    \
    F(soft_error, N, 0)                                                                                               \
    F(retries, N, 0)                                                                                                  \
    F(probes, N, 0)                                                                                                   \
    F(urgent_octet, N, 0)                                                                                             \
    F(syn_retries, N, 0)                                                                                              \
    F(frto, N, 0)                                                                                                     \
    F(unacknowledged, N, 0)                                                                                           \
                                                                                                                      \
    F(flow_label, D, rest_flow_label(x, c))                                                                           \
    F(settings.spare[0], N, 0)                                                                                        \
    F(settings.spare[1], N, 0)                                                                                        \
    F(settings.spare[2], N, 0)                                                                                        \
    F(settings.spare[3], N, 0)                                                                                        \
    F(settings.spare[4], N, 0)                                                                                        \
    F(settings.spare[5], N, 0)                                                                                        \
    F(settings.spare[6], N, 0)                                                                                        \
    F(limited, D, c->settings.max_pacing_rate != 0)                                                                   \
    F(event.spare, N, 0)                                                                                              \
    F(ts_offset, D, tcp_numbers(x->tcp, &c->local, &c->remote).ts_offset)                                             \
    F(hash, D, (uint32_t)hash)

#define REST_NOT(NOT)                                                                                                 \
    NOT(local)                  /* at the beginning of the record, where a search looks for them */                   \
    NOT(remote)                                                                                                       \
    NOT(send.data)              /* no memory, no size */                                                              \
    NOT(send.size)                                                                                                    \
    NOT(send.turn)              /* where it begins in memory that it does not have */                                 \
    NOT(send.borrowed)                                                                                                \
    NOT(send.passes)                                                                                                  \
    NOT(send.spare)                                                                                                   \
    NOT(recv.data)                                                                                                    \
    NOT(recv.size)                                                                                                    \
    NOT(recv.turn)                                                                                                    \
    NOT(recv.borrowed)              /* there is nothing to be read */                                                 \
    NOT(recv.passes)            /* said by the next text */                                                           \
    NOT(recv.spare)                                                                                                   \
    NOT(ranges)                 /* nothing is held out of order */                                                    \
    NOT(charged)                /* given back, and charged again */                                                   \
    NOT(reserved)               /* its place was given back */                                                        \
    NOT(sender)                 /* nothing is in flight */                                                            \
    NOT(flow)                   /* a table of its own */                                                              \
    NOT(wheel)                  /* armed again by the deadline */                                                     \
    NOT(late)                   /* nothing of it is soon */                                                           \
    NOT(deadline_ns)            /* of the others none is armed */                                                     \
    NOT(event.next)             /* nothing to tell */                                                                 \
    NOT(event.previous)                                                                                               \
    NOT(listener)               /* it has been accepted */                                                            \
    NOT(posted)                 /* nowhere: TCP_POSTED does not rest; nor does who stands in a queue */               \
    NOT(wait_next)              /* nothing waits to leave */

/* What hangs on it, where there is text to send. */
#define REST_FLOW_FIELDS(F)                                                                                           \
    F(pacing.paid_ns, D, c->sent_at_ns)                                                                               \
    F(pacing.credit, N, 0)                                                                                            \
    F(validation.sampled_ns, D, c->received_at_ns)                                                                    \
    F(validation.half_ns, D, f->validation.sampled_ns)                                                                \
    F(validation.mark.value, D, c->snd.una.value)                                                                     \
    F(validation.best, N, 0)                                                                                          \
    F(validation.older, N, 0)                                                                                         \
    F(validation.since_ns, D, c->received_at_ns)                                                                      \
                                                                                                                      \
    F(validation.measuring, N, 0)                                                                                     \
    F(validation.defined, D, 1)                                                                                       \
    F(validation.gathered, N, 0)                                                                                      \
    F(validation.used, N, 0)                                                                                          \
    F(validation.again, N, 0)                                                                                         \
    F(pacing.waiting, N, 0)                                                                                           \
    F(undo.possible, N, 0)                                                                                            \
    F(undo.stamped, N, 0)                                                                                             \
                                                                                                                      \
    F(undo.before.cwnd, N, 0)                                                                                         \
    F(undo.before.ssthresh, N, 0)                                                                                     \
    F(undo.before.gathered, N, 0)                                                                                     \
    F(undo.before.phase, N, 0)                                                                                        \
    F(undo.before.algorithm, N, 0)                                                                                    \
    F(undo.before.spare[0], N, 0)                                                                                     \
    F(undo.before.spare[1], N, 0)                                                                                     \
    F(undo.stamp, N, 0)                                                                                               \
                                                                                                                      \
    F(undo.before.of.word[0], N, 0)                                                                                   \
    F(undo.before.of.word[1], N, 0)                                                                                   \
    F(undo.before.of.word[2], N, 0)                                                                                   \
    F(undo.before.of.word[3], N, 0)                                                                                   \
    F(undo.before.of.word[4], N, 0)                                                                                   \
    F(undo.before.of.word[5], N, 0)                                                                                   \
    F(undo.before.of.word[6], N, 0)                                                                                   \
    F(undo.before.of.word[7], N, 0)                                                                                   \
                                                                                                                      \
    F(undo.from.value, N, 0)                                                                                          \
    F(undo.to.value, N, 0)                                                                                            \
    F(undo.octets, N, 0)                                                                                              \
    F(undo.spare[0], N, 0)                                                                                            \
    F(undo.spare[1], N, 0)                                                                                            \
    F(undo.spare[2], N, 0)                                                                                            \
    F(undo.spare[3], N, 0)                                                                                            \
    F(undo.spare[4], N, 0)                                                                                            \
    F(undo.spare[5], N, 0)                                                                                            \
    F(pacing.spare[0], N, 0)                                                                                          \
    F(pacing.spare[1], N, 0)                                                                                          \
    F(pacing.spare[2], N, 0)                                                                                          \
    F(validation.spare[0], N, 0)                                                                                      \
    F(validation.spare[1], N, 0)

#define REST_FLOW_NOT(NOT)                                                                                            \
    NOT(sums)                   /* no text waits */

#endif
