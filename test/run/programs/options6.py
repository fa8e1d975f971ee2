# What one datagram says for itself by control messages, and the options of IPv6 about interfaces, groups and path MTU;
# the kernel and baro must print the same lines.
import socket,struct,errno,select
E=lambda e: errno.errorcode.get(e,e)
def out(f,*a):
    try: return repr(f(*a))
    except OSError as e: return E(e.errno)
D,six,four=socket.SOCK_DGRAM,socket.AF_INET6,socket.AF_INET
V6,V4=socket.IPPROTO_IPV6,socket.IPPROTO_IP
# what one datagram says for itself
r=socket.socket(six,D); r.bind(("::1",0)); to=r.getsockname()
for o in 49,51,66: r.setsockopt(V6,o,1)
def said(*control):
    s=socket.socket(six,D)
    try: s.sendmsg([b"said"],[(V6,t,v) for t,v in control],0,to)
    except OSError as e: return E(e.errno)
    d,c,f,a=r.recvmsg(99,256)
    return sorted((t,struct.unpack("i",v)[0] if len(v)==4 else socket.inet_ntop(six,v[:16])) for l,t,v in c),a[0]
i=lambda n: struct.pack("i",n)
info=lambda a,n: socket.inet_pton(six,a)+struct.pack("i",n)
print("hop limit",said((52,i(7))),said((52,i(-1))),said((52,i(256))),said((52,b"1")))
print("class",said((67,i(32))),said((67,i(256))),said((67,i(32)),(52,i(9))))
print("whole",said((62,i(1))),said((62,i(2))))
print("source",said((50,info("::1",0))),said((50,info("fd00:99::1",0))),said((50,info("::",0))),said((50,info("::",77))),said((50,b"1")))
print("another",said((99,i(1))))
s=socket.socket(six,D); s.setsockopt(V6,50,info("::1",0)); s.sendto(b"x",to); print("for all",r.recvmsg(9)[3][0],out(s.setsockopt,V6,50,b"123"),out(s.setsockopt,V6,50,info("::",0)))
# options
s=socket.socket(six,D)
for o,value in ((23,0),(23,1),(23,2),(23,3),(23,4),(23,5),(23,6),(62,1),(62,0),(24,1280),(24,1279),(24,0),(17,77),(17,0),(18,3),(18,256),(18,-2),(19,0),(19,2),(16,255),(16,256),(16,0),(67,255),(67,256),(49,1),(51,1),(66,1),(25,1),(26,1),(53,1),(56,1),(58,1),(60,1)):
    print("option",o,value,out(s.setsockopt,V6,o,value),out(s.getsockopt,V6,o) if o not in (24,) else "")
print("MTU",out(s.getsockopt,V6,24))
g=socket.inet_pton(six,"ff02::77")
for name,value in (("join",g+i(77)),("short",g)): print(name,out(s.setsockopt,V6,20,value))
print("join what is no group",out(s.setsockopt,V6,20,socket.inet_pton(six,"fd00::1")+i(0)))
def req(index,address): return struct.pack("IxxxxHHI",index,six,0,0)+socket.inet_pton(six,address)+struct.pack("I",0)+bytes(100)
print("leave what was not joined",out(s.setsockopt,V6,21,g+i(1)))
print("RFC 3678",out(s.setsockopt,V6,42,req(77,"ff02::77")),out(s.setsockopt,V6,42,req(0,"fd00::1")),out(s.setsockopt,V6,42,b"short"))
print("device",out(s.setsockopt,1,25,b"nothing\0"),out(s.getsockopt,1,25,16),out(s.setsockopt,1,25,b"\0"))
