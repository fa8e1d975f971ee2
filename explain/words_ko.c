/* The words in Korean. The format is described in words.h. Values stand where no particle follows
 * them (or one that does not depend on their last sound), since a template cannot know how they end. */
#include "words.h"

#define CODE "{code#10BASE-T(맨체스터 부호)|100BASE-TX(스크램블한 4B5B, MLT-3)}"
#define TIMER "{timer#재전송|제로 윈도우 탐색|지연 ACK|킵얼라이브|TIME-WAIT|사용자 타임아웃|FIN-WAIT-2|링거|코르크|" \
              "순서 바뀜|꼬리 탐색|페이싱}"
#define NEIGHBOUR(which) "{" which "#모름|물어보는 중|알고 있음|오래됨|다시 확인 중|응답 없음|고정}"
#define PROTOCOL                                                                                               \
    "{protocol=6?TCP 담당 부분으로|{protocol=17?UDP 담당 부분으로|{protocol=1?ICMP 담당 부분으로|" \
    "{protocol=58?ICMPv6 담당 부분으로|{protocol=2?IGMP 담당 부분으로|담당하는 소프트웨어 없음}}}}}"
#define DATA "{length?데이터 {length}바이트|제어 정보만}"
#define TYPE_NAME                                                                                              \
    "{type=2048?IP 담당 부분으로|{type=2054?ARP 담당 부분으로|{type=34525?IPv6 담당 부분으로|담당하는 소프트웨어 없음}}}"
#define ICMP_NAME_V4                                                                                              \
    "{type#에코 응답|1|2|목적지 도달 불가|송신 억제|경로 변경|6|7|에코 요청|9|10|시간 초과|잘못된 헤더}"
#define ICMP_NAME_V6 \
    "{type<5?{type#0|목적지 도달 불가|패킷이 너무 큼|시간 초과|잘못된 헤더}|{type=143?그룹 보고|" \
    "{type<128?{type}|{type>137?{type}|{type=128?에코 요청|{type=129?에코 응답|{type=130?그룹 질문|" \
    "{type=131?그룹 보고|{type=132?그룹 탈퇴|{type=133?라우터 질문|{type=134?라우터 알림|" \
    "{type=135?이웃 질문|{type=136?이웃 알림|경로 변경}}}}}}}}}}}}}"
#define ICMP_NAME "{~ipv6?" ICMP_NAME_V6 "|" ICMP_NAME_V4 "}"

const struct words words_ko[BARO_TRACE_COUNT] = {
    /* LAN 어댑터 */
    [BARO_TRACE_SIGNAL_OUT] = { "전기 신호", "{octets}바이트의 비트를 전기 신호로 바꾸어 내보냄: " CODE ", 샘플 {samples}개" },
    [BARO_TRACE_SIGNAL_IN] = { "전기 신호", CODE ": 샘플 {samples}개에서 {octets}바이트의 비트를 읽음, 클록 차이 "
                               "{clock_ppm} ppm" },
    [BARO_TRACE_SIGNAL_LOST] = { "전기 신호", CODE ": 샘플 {sample}에서 잃음: {reason}" },
    [BARO_TRACE_LINK_CHANGED] = { "링크", "{up?연결됨: 상대의 신호가 들림|끊김: 아무 신호도 들리지 않음}" },
    [BARO_TRACE_FCS_OUT] = { "FCS", "프레임 전체의 CRC-32 값 {fcs}: 수신 측이 확인하도록 끝에 붙임" },
    [BARO_TRACE_FCS_IN] = { "FCS", "받은 값 {received}, 계산한 값 {computed}: {received=computed?같음, 프레임이 손상되지 "
                            "않음|다름, 손상된 프레임이므로 버림}" },
    [BARO_TRACE_MAC_FILTER] = { "MAC 주소", "수신처 {destination}, 내 주소 {mine}: {accepted?받아들임{why#|, 내 주소|, "
                                "브로드캐스트|, 가입한 그룹|, 모두 받음(무차별 모드)}|내 것이 아니므로 버림}" },
    [BARO_TRACE_RX_RING] = { "버퍼 메모리", "수신 링의 {slot}번 칸에 저장 {used/size}" },
    [BARO_TRACE_TX_RING] = { "버퍼 메모리", "송신 링의 {slot}번 칸에 저장 {used/size}" },
    [BARO_TRACE_INTERRUPT] = { "인터럽트", "LAN 어댑터가 인터럽트를 걺: {~waiting?{~waiting}에서 기다리던 중|기다리는 호출 "
                               "없음}, 프레임 {frames}개{waited?, {waited} 뒤|}{masked?, 드라이버가 끝낼 때까지 더 걸지 않음|}" },
    [BARO_TRACE_DRIVER_BURST] = { "LAN 드라이버", "{polling?폴링으로|인터럽트를 받아} 버퍼 메모리에서 프레임 {frames}개를 꺼냄" },
    /* 이더넷 */
    [BARO_TRACE_PACKET_OUT] = { "패킷", "패킷 하나를 보내려 함" },
    [BARO_TRACE_FRAME_IN] = { "프로토콜 스택", "LAN 드라이버가 인터페이스 {interface}번의 프레임{arrival? {arrival}번|}, "
                              "{octets}바이트를 프로토콜 스택에 건넴" },
    [BARO_TRACE_FRAME_OUT] = { "LAN 드라이버", "인터페이스 {interface}번으로 {octets}바이트{departure?, 프레임 {departure}번|}" },
    [BARO_TRACE_FRAME_END] = { "프레임", "끝" },
    [BARO_TRACE_DROP] = { "버림", "{reason}" },
    [BARO_TRACE_ETHERNET_IN] = { "타입 필드", "{type}: " TYPE_NAME "; MAC 주소 {source} -> {destination}"
                                 "{vlan<0?|, VLAN 태그 {vlan}}" },
    [BARO_TRACE_ETHERNET_OUT] = { "MAC 헤더", "{source} -> {destination?{destination}|아직 모르는 주소}, 타입 필드 {type} "
                                  "({type=2048?IPv4|{type=2054?ARP|{type=34525?IPv6|그 밖}}})" },
    [BARO_TRACE_ARP_IN] = { "ARP", "{operation=1?{sender=target?{sender} ({sender_mac})의 알림: 이 주소를 씀|{sender} ({sender_mac})의 질문: {target} 주소를 누가 쓰는가}|{sender}의 대답 "
                            "(물은 쪽 {target}): MAC 주소는 {sender_mac}}" },
    [BARO_TRACE_ARP_OUT] = { "ARP", "{operation=1?{sender=target?모두에게 알림: {sender} 주소를 씀|모두에게 질문: {target} 주소를 누가 쓰는가 (묻는 쪽 {sender})}|{target} 쪽에 "
                             "대답: {sender}의 MAC 주소를 알려 줌}" },
    [BARO_TRACE_ARP_CONFLICT] = { "ARP", "{other}도 내 주소 {address}를 씀: {defended?내 주소라고 알림|내가 포기함}" },
    [BARO_TRACE_NEIGHBOUR] = { "ARP 캐시", "{address}: " NEIGHBOUR("before") " -> " NEIGHBOUR("after")
                               "{mac?, MAC 주소 {mac}|}" },
    [BARO_TRACE_NEIGHBOUR_WAIT] = { "ARP 캐시", "{address}의 MAC 주소를 아직 모름: 패킷 {waiting}개가 기다림" },
    /* IP */
    [BARO_TRACE_IP_IN] = { "IP 담당 부분", "{source} > {destination}, {~ipv6?다음 헤더 {protocol}, 홉 제한|프로토콜 번호 {protocol}, TTL} "
                           "{ttl}, 길이 {length}{~ipv6?|, 헤더 체크섬 {checksum}}" },
    [BARO_TRACE_IP_OUT] = { "IP 헤더", "{source} > {destination}, {~ipv6?다음 헤더 {protocol}, 홉 제한|프로토콜 번호 {protocol}, TTL} "
                            "{ttl}, 길이 {length}{~ipv6?|, 식별자 {id}, {dont_fragment?조각내지 말 것|조각낼 수 있음}}" },
    [BARO_TRACE_IP_OPTIONS] = { "IP 담당 부분", "옵션 {octets}바이트, 첫 옵션의 타입 {first}; 따르지는 않음" },
    [BARO_TRACE_IP_DELIVERY] = { "IP 담당 부분", "수신처 {destination}: {how#내 주소가 아님|내 주소|브로드캐스트|가입한 그룹|"
                                 "루프백|누구의 것이든 받음(게이트웨이)}" },
    [BARO_TRACE_ROUTE] = { "경로 표", "{destination}: 앞쪽 {prefix_length}비트가 일치, 다음 홉 {next_hop}, 인터페이스 "
                           "{interface}번, MTU {mtu}" },
    [BARO_TRACE_FORWARDED] = { "라우터", "{source} > {destination}: 인터페이스 {interface}번으로 {next_hop}에 중계, 이제 TTL은 "
                               "{ttl}" },
    [BARO_TRACE_PATH_MTU] = { "경로 MTU", "{destination}까지: {before} -> {after}바이트" },
    [BARO_TRACE_FRAGMENT_HELD] = { "조각(프래그먼트)", "{source}의 패킷 {id}번 조각: {offset}바이트 위치부터 {length}바이트, "
                                   "{more?뒤에 더 있음|마지막}; 보관하고 기다림, 지금까지 {held}" },
    [BARO_TRACE_FRAGMENTS_WHOLE] = { "조각(프래그먼트)", "{source}의 패킷 {id}번이 모두 모임: 조각 {fragments}개, 원래 길이 "
                                     "{length}바이트로 복원" },
    [BARO_TRACE_FRAGMENTS_TIMEOUT] = { "조각(프래그먼트)", "{source}의 패킷 {id}번이 시간 안에 다 모이지 않음: {held}바이트를 "
                                       "버림{first?, 시간 초과를 알림|, 첫 조각이 없어 알리지 않음}" },
    [BARO_TRACE_FRAGMENT_OUT] = { "조각(프래그먼트)", "{destination}에 보낼 패킷 {id}번을 나눔: {offset}바이트 위치부터 "
                                  "{length}바이트, {more?뒤에 더 있음|마지막}" },
    [BARO_TRACE_LOOPBACK] = { "IP 담당 부분", "{destination}: 이 호스트 자신, {length}바이트가 전선을 거치지 않고 되돌아옴" },
    [BARO_TRACE_ICMP_IN] = { "ICMP", ICMP_NAME " (타입 {type}, 코드 {code}), 보낸 쪽 {source}, {length}바이트" },
    [BARO_TRACE_ICMP_OUT] = { "ICMP", ICMP_NAME " (타입 {type}, 코드 {code}), 받을 쪽 {destination}, {length}바이트" },
    [BARO_TRACE_ICMP_ECHO] = { "ICMP", "{source}의 에코 요청: 식별자 {id}, 순번 {sequence}, {length}바이트를 그대로 돌려줌" },
    [BARO_TRACE_ICMP_ERROR_MATCHED] = { "ICMP", "프로토콜 번호 {protocol}, {local} > {remote}에 대한 오류: 타입 {type}, 코드 "
                                        "{code}, {hard?심각한 오류|가벼운 오류이므로 기억만 함}" },
    [BARO_TRACE_ICMP_SUPPRESSED] = { "ICMP", "타입 {type}, 코드 {code}, 보내지 않음: {why#ICMP 오류에 대한 것|여러 호스트에게 간 "
                                     "패킷|여러 호스트에게 간 프레임|보낸 쪽 주소가 이상함|첫 조각이 아님|횟수 제한}" },
    [BARO_TRACE_GROUP_HEARD] = { "그룹", "인터페이스 {interface}번, {group}: {exclude?{sources?송신처 {sources}곳만 빼고 들음|누가 보내든 들음}|"
                                 "{sources?송신처 {sources}곳만 들음|더 듣지 않음}}; 구성원 {members}" },
    [BARO_TRACE_GROUP_VERSION] = { "그룹", "{ipv6?MLD|IGMP}, 인터페이스 {interface}번: 버전 {before} -> {after}" },
    [BARO_TRACE_GROUP_MESSAGE_IN] = { "그룹", "{~ipv6?MLD|IGMP} 버전 {version}, 보낸 쪽 {source}: {kind#그룹 질문, {group?{group}|모든 그룹}"
                                      "{sources?, 송신처 {sources}곳|}, 답할 시간 {within}|그룹 보고, {group}}" },
    [BARO_TRACE_GROUP_MESSAGE_OUT] = { "그룹", "{~ipv6?MLD|IGMP} 버전 {version}: {kind#그룹 질문|그룹 보고, {group}|그룹 탈퇴, {group}|그룹 보고, "
                                       "{records}개, 첫째 {group}}; 받을 쪽 {destination}" },
    [BARO_TRACE_PROTOCOL] = { "프로토콜 번호", "{protocol}: " PROTOCOL },
    /* 이웃 탐색 */
    [BARO_TRACE_ADDRESS_PROBE] = { "내 주소", "{address}: 다른 호스트가 쓰는지 물어봄 ({of}번 중 {probe}번째)" },
    [BARO_TRACE_ADDRESS_VERDICT] = { "내 주소", "{address}: {verdict#쓰는 호스트가 없음, 이제부터 내 주소|다른 호스트가 쓰거나 "
                                     "쓰려고 함{other? ({other})|}: 포기함|내 질문이 되돌아옴: 보낸 것을 되돌려 주는 네트워크이므로 다시 물어봄}" },
    [BARO_TRACE_ROUTER_QUESTION] = { "라우터", "인터페이스 {interface}에서 라우터를 찾음; 대답이 없으면 {next} 뒤에 다시" },
    [BARO_TRACE_ROUTER_HEARD] = { "라우터", "{router}: {lifetime?{lifetime}초 동안 기본 라우터, 우선순위 {rank#낮음|중간|높음}|기본 "
                                  "라우터가 아님}; 프리픽스 {prefixes}개, 경로 {routes}개, 이름 서버 {servers}개를 알림" },
    [BARO_TRACE_ROUTER_REACHABLE] = { "라우터", "{router}: {answers?다시 대답함|대답이 없음: 다른 라우터를 먼저 씀}" },
    [BARO_TRACE_REDIRECTED] = { "라우터", "{router}의 말: {destination} 쪽으로 가는 것은 바로 {next_hop} 쪽으로" },
    [BARO_TRACE_ROUTER_ASKED] = { "나는 라우터", "{host}의 질문: 라우터가 있는가; {delay} 뒤에 모두에게 대답" },
    [BARO_TRACE_ROUTER_SAID] = { "나는 라우터", "인터페이스 {interface}에 알림: {lifetime?{lifetime}초 동안 기본 라우터|기본 라우터가 "
                                 "아님}, 프리픽스 {prefixes}개, 이름 서버 {servers}개{next?; {next} 뒤에 다시|}" },
    [BARO_TRACE_ROUTER_DIFFERS] = { "나는 라우터", "또 다른 라우터 {router}의 말이 나와 다름: {what#홉 제한|DHCPv6 플래그|도달 가능 "
                                    "시간|재전송 시간|MTU|프리픽스의 수명}" },
    /* UDP */
    [BARO_TRACE_UDP_IN] = { "UDP 담당 부분", "{source} > {destination}, 데이터 {length}바이트, 체크섬 {checksum}"
                            "{checksum=0? (없음)|}" },
    [BARO_TRACE_UDP_OUT] = { "UDP 헤더", "{source} > {destination}, 데이터 {length}바이트" },
    [BARO_TRACE_UDP_QUEUED] = { "소켓", "디스크립터 {descriptor}번에 {length}바이트; 수신 버퍼 {limit}바이트 가운데 {queued}바이트 "
                                "사용" },
    /* TCP */
    [BARO_TRACE_TCP_IN] = { "TCP 담당 부분", "{source} > {destination}, {flags}, 시퀀스 번호 {seq}, ACK 번호 {ack}, 윈도우 "
                            "{window}, " DATA },
    [BARO_TRACE_TCP_OUT] = { "TCP 헤더", "{source} > {destination}, {flags}, 시퀀스 번호 {seq}, ACK 번호 {ack}, 윈도우 {window}, " DATA },
    [BARO_TRACE_TCP_OPTIONS] = { "TCP 옵션", "헤더에 든 값{mss?, MSS {mss}|}{scale<0?|, 윈도우 스케일 {scale}}"
                                 "{ts_value?, 타임스탬프 {ts_value}, 되돌림 {ts_echo}|{ts_echo?, 타임스탬프 0, 되돌림 {ts_echo}|}}"
                                 "{sack_permitted?, SACK 허용|}" },
    [BARO_TRACE_TCP_FOUND] = { "네 가지 정보", "IP 주소와 포트 번호 두 쌍으로 찾음: {how#아무도 없음, {state}|접속 {connection}번, "
                               "{state}|접속은 아직 없고 {state} 상태의 소켓이 있음|쉬고 있는 접속 {connection}번, {state}}" },
    [BARO_TRACE_TCP_BEFORE] = { "변수", "{state}, SND.UNA {snd_una}, SND.NXT {snd_nxt}, SND.WND {snd_wnd}, RCV.NXT {rcv_nxt}, "
                                "RCV.WND {rcv_wnd}, cwnd {cwnd}, ssthresh {ssthresh}, RTO {rto}" },
    [BARO_TRACE_TCP_AFTER] = { "변수", "{state}, SND.UNA {snd_una}, SND.NXT {snd_nxt}, SND.WND {snd_wnd}, RCV.NXT {rcv_nxt}, "
                               "RCV.WND {rcv_wnd}, cwnd {cwnd}, ssthresh {ssthresh}, RTO {rto}" },
    [BARO_TRACE_TCP_STATE] = { "TCP 상태", "{before} -> {after}" },
    [BARO_TRACE_TCP_SEQUENCE_TEST] = { "TCP 담당 부분", "시퀀스 번호 {seq}, 길이 {length}; 기대한 번호 {rcv_nxt}, 윈도우 "
                                       "{rcv_wnd}: {acceptable?윈도우 안|윈도우 밖}" },
    [BARO_TRACE_TCP_ACK_TEST] = { "TCP 담당 부분", "수신 확인(ACK) {ack}; 보내고 확인받지 못한 범위 {snd_una} - {snd_nxt}: "
                                  "{acceptable?받아들임|받아들이지 않음}" },
    [BARO_TRACE_TCP_PAWS_TEST] = { "TCP 담당 부분", "타임스탬프 {ts_value}, 지난번 {ts_recent}: {acceptable?오래된 것이 아님|"
                                   "오래된 중복 세그먼트}" },
    [BARO_TRACE_TCP_ISN] = { "TCP 담당 부분", "시퀀스 번호의 초깃값 {isn}: 짐작할 수 없게 정함" },
    [BARO_TRACE_TCP_BUFFERS] = { "버퍼 메모리", "{charged}바이트를 확보; 스택 전체에서 {budget_left}바이트 남음" },
    [BARO_TRACE_TCP_DELIVERED] = { "소켓", "수신 버퍼에 {octets}바이트 저장, 애플리케이션을 기다리는 데이터 {waiting}바이트" },
    [BARO_TRACE_TCP_OUT_OF_ORDER] = { "TCP 담당 부분", "시퀀스 번호 {seq}부터 {length}바이트가 먼저 옴: 보관, 그 앞에 빈 곳 "
                                      "{holes}개" },
    [BARO_TRACE_TCP_RTT] = { "왕복 시간", "측정 {sample}: SRTT {srtt}, RTTVAR {rttvar}, 따라서 RTO {rto}" },
    [BARO_TRACE_TCP_CONGESTION] = { "혼잡 제어", "{phase#슬로 스타트|혼잡 회피|표시로 줄이는 중|빠른 회복|손실 뒤}: cwnd {cwnd}, ssthresh "
                                    "{ssthresh}, 보내는 중 {flight}바이트" },
    [BARO_TRACE_TCP_FAST_RETRANSMIT] = { "혼잡 제어", "중복 ACK {duplicates}번: 시퀀스 번호 {seq} 손실로 보고 바로 다시 보냄" },
    [BARO_TRACE_TCP_LOSS] = { "혼잡 제어", "시퀀스 번호 {seq} 손실: 나중에 보낸 것이 먼저 도착; 손실 {lost}바이트, 상대가 보관 "
                              "{sacked}바이트, 가는 중 {pipe}바이트" },
    [BARO_TRACE_TCP_UNDO] = { "혼잡 제어", "손실이 아니었음: cwnd {cwnd}, ssthresh {ssthresh}로 되돌림" },
    [BARO_TRACE_TCP_FRTO] = { "혼잡 제어", "F-RTO: {new?옛것 대신 새 세그먼트 둘까지: 다음 ACK가 타임아웃이 잘못이었는지 "
                              "알려 줌|{spurious?타임아웃이 잘못이었음|정말 손실}}" },
    [BARO_TRACE_TCP_ECN] = { "ECN", "{what#SYN으로 손실 대신 표시를 쓰자고 청함 (ECE, CWR)|SYN에 대답이 없음: 청하는 SYN이 "
                             "막혔을 수 있으므로 다음 SYN은 청하지 않음|합의함: 새 데이터는 라우터가 표시할 수 있게 보냄|합의하지 않음: 손실로만 "
                             "혼잡을 앎|라우터가 이 세그먼트에 혼잡 표시(CE)를 함: 상대가 늦출 때까지 모든 ACK에 ECE|이것도 혼잡 "
                             "표시(CE): ACK에는 이미 ECE|상대가 늦추었음(CWR): ECE를 그침|윈도우를 줄였다고 CWR로 알림}" },
    [BARO_TRACE_TCP_MARK_REACTION] = { "혼잡 제어", "ECE: 라우터가 우리 데이터에 혼잡 표시를 함, 보내는 중 {flight}바이트: 윈도우를 "
                                       "{window}로 줄임, ssthresh {ssthresh}; 잃은 것은 없음{waits?; 이미 세그먼트 하나였으므로 다음 "
                                       "것은 재전송 타이머를 기다림|}" },
    [BARO_TRACE_TCP_BLACK_HOLE] = { "TCP 담당 부분", "{after<before?큰 세그먼트가 소리 없이 사라짐: 세그먼트의 데이터를 {before} -> {after}바이트로|"
                                    "세그먼트의 데이터를 {before} -> {after}바이트로 되돌림: 크기 탓이 아니었거나 기한이 지남}" },
    [BARO_TRACE_TCP_TAIL_PROBE] = { "TCP 담당 부분", "보낸 것의 끝에서 소식이 없음: {again?마지막 세그먼트를 다시|새 세그먼트 하나를} "
                                    "보내 탐색" },
    [BARO_TRACE_TCP_RETRANSMIT] = { "TCP 담당 부분", "시퀀스 번호 {seq}, {length}바이트를 다시 보냄, {attempt}번째" },
    [BARO_TRACE_TCP_TIMER_ARMED] = { "타이머", TIMER " 타이머 시작: {delay}" },
    [BARO_TRACE_TCP_TIMER_CANCELLED] = { "타이머", TIMER " 타이머 멈춤" },
    [BARO_TRACE_TCP_TIMER_FIRED] = { "타이머", TIMER " 타이머가 다 됨" },
    [BARO_TRACE_TCP_ACK_OF_BURST] = { "TCP 담당 부분", "ACK {ack}은 보내지 않음: 함께 온 데이터까지 답하는 ACK {later}이 뒤따름" },
    [BARO_TRACE_TCP_ACK_WAITS] = { "TCP 담당 부분", "프로그램이 답할 차례까지 ACK를 미룸" },
    [BARO_TRACE_TCP_CHALLENGE_ACK] = { "TCP 담당 부분", "{why}: {sent?확인용 ACK로 되물음|횟수 제한으로 되묻지 않음}" },
    [BARO_TRACE_TCP_WINDOW_PROBE] = { "TCP 담당 부분", "상대의 윈도우가 0: {attempt}번째 탐색" },
    [BARO_TRACE_TCP_KEEPALIVE] = { "TCP 담당 부분", "오래 소식이 없음: {attempt}번째 킵얼라이브" },
    [BARO_TRACE_TCP_RESTED] = { "소켓", "한동안 아무 일도 없음: 접속 {connection}번은 {octets}바이트로 줄어들어 쉼" },
    [BARO_TRACE_TCP_WOKEN] = { "소켓", "쉬던 접속 {connection}번이 깨어남" },
    [BARO_TRACE_TCP_PROMOTED] = { "소켓", "접속 동작이 끝남: 작은 기록이 접속 {connection}번이 되고, 이제야 버퍼 메모리를 잡음" },
    [BARO_TRACE_TCP_COOKIE_SENT] = { "SYN 쿠키", "{remote}의 SYN을 기억해 두지 않음: ISN {isn}이 MSS {mss}을"
                                     "{timestamps?, 타임스탬프가 나머지 옵션을|} 대신 기억함" },
    [BARO_TRACE_TCP_COOKIE_TEST] = { "SYN 쿠키", "ACK 번호 {ack}: {valid?우리가 보낸 SYN 쿠키, MSS {mss}{scale<0?|, 윈도우 스케일 {scale}}"
                                     "{sack_permitted?, SACK 허용|}|우리의 SYN 쿠키가 아님}" },
    [BARO_TRACE_TCP_HELD] = { "소켓", "{remote}에서 {local}에 보낸 SYN을 붙잡아 둠: 바깥의 대답을 들은 뒤에 답함" },
    [BARO_TRACE_ACCEPT_QUEUE] = { "연결 대기 큐", "{waiting/limit} 대기, 접속 동작 중 {half_open}개" },
    /* 소켓 라이브러리 */
    [BARO_TRACE_CALL] = { "호출", "{call!call}{descriptor<0?|, 디스크립터 {descriptor}번}" },
    [BARO_TRACE_CALL_END] = { "호출", "결과: {result<0?{result!error}|{result}}" },
    [BARO_TRACE_SOCKET_NEW] = { "소켓", "디스크립터 {descriptor}번, 새 {type#|TCP|UDP|핑|패킷} 소켓: 아직 상대를 모르고, 프로토콜 스택도 "
                                "아무것도 듣지 못함" },
    [BARO_TRACE_SOCKET_CONTROL] = { "소켓", "디스크립터 {descriptor}번의 제어 정보: 내 쪽 {local_before=local_after?|{local_before} -> }{local_after}, 상대 쪽 "
                                    "{remote_before=remote_after?|{remote_before} -> }{remote_after}" },
    [BARO_TRACE_SOCKET_ACCEPTED] = { "소켓", "소켓 {listener}번의 큐에서 맨 앞을 꺼내 새 디스크립터 {descriptor}번으로: {local}, 상대 "
                                     "{remote}; {listener}번은 계속 기다림" },
    [BARO_TRACE_SOCKET_CLOSED] = { "소켓", "디스크립터 {descriptor}번을 반납함" },
    [BARO_TRACE_WOKE] = { "소켓", "디스크립터 {descriptor}번: {events!ready}{~waiting?; 기다리던 {~waiting} 깨어남|}" },
};

const char *const phrases_ko[PHRASE_COUNT] = {
    [PHRASE_IN] = "수신",
    [PHRASE_OUT] = "송신",
    [PHRASE_UNSENT] = "대기",
    [PHRASE_CALL] = "호출",
    [PHRASE_LOST] = "손실",
    [PHRASE_WIRE] = "전선",
    [PHRASE_EVENT] = "-",
    [PHRASE_HOST] = "호스트 %u",
    [PHRASE_LOOP] = "루프",
    [PHRASE_LOOP_TEXT] = "이 호스트 자신에게 보내는 패킷",
    [PHRASE_UNSENT_TEXT] = "지금은 보내지 않는 패킷",
    [PHRASE_LOST_TEXT] = "프레임 %llu번, LAN 어댑터에서 사라짐",
    [PHRASE_FRAME] = "프레임 %llu번",
    [PHRASE_CALL_TEXT] = "%s, 디스크립터 %lld번",
    [PHRASE_OF] = "%2$llu개 중 %1$llu개",
    [PHRASE_NOBODY] = "없음",
    [PHRASE_CONTROL_ONLY] = "제어 정보만",
    [PHRASE_WITH_DATA] = "데이터 %u바이트",
    [PHRASE_FRAGMENT] = "%2$u번 패킷의 %1$u바이트 위치 조각",
    [PHRASE_CUT] = "잘림",
    [PHRASE_OCTETS] = "%u바이트",
    [PHRASE_ARP_ASK] = "%s 주소를 누가 쓰는가? 묻는 쪽 %s",
    [PHRASE_ARP_ANSWER] = "%s의 MAC 주소는 %s",
    [PHRASE_ARP_ANNOUNCE] = "%s 주소를 쓴다고 알림: %s",
    [PHRASE_ARP_PROBE] = "%s 주소를 누가 쓰고 있는가?",
    [PHRASE_ECHO_REQUEST] = "에코 요청",
    [PHRASE_ECHO_REPLY] = "에코 응답",
    [PHRASE_CONNECTION] = "접속 %llu번: ",
    [PHRASE_UNCHANGED] = "그 밖의 변수는 그대로",
    [PHRASE_WAITING] = "%s(디스크립터 %llu번)",
    [PHRASE_TYPE] = "타입 0x%04x",
    [PHRASE_DROPS] = "버림",
    [PHRASE_COUNTERS] = "카운터",
    [PHRASE_NEIGHBOURS] = "이웃 캐시",
    [PHRASE_ND_ASK] = "%s 주소를 누가 쓰는가?",
    [PHRASE_ND_HERE] = "%s 여기 있음",
    [PHRASE_ND_REDIRECT] = "경로 변경: %s 쪽으로",
    [PHRASE_ROUTER_ASK] = "라우터가 있는가?",
    [PHRASE_ROUTER_HERE] = "라우터임을 알림, %u초 동안",
    [PHRASE_MLD_QUERY] = "멀티캐스트 그룹 질문",
    [PHRASE_MLD_REPORT] = "멀티캐스트 그룹 보고",
    [PHRASE_MLD_DONE] = "멀티캐스트 그룹 탈퇴",
    [PHRASE_UNREACHABLE] = "목적지 도달 불가",
    [PHRASE_TOO_BIG] = "패킷이 너무 큼",
    [PHRASE_TIME_EXCEEDED] = "시간 초과",
    [PHRASE_PARAMETER] = "잘못된 헤더",
};

const char *const ready_ko[7] = { "읽을 수 있음", "쓸 수 있음",       "긴급 데이터",  "오류",
                                  "끊어짐",       "상대가 송신을 끝냄", "없는 디스크립터" };
