# Control messages and options of datagrams over IPv6; the kernel and baro must print the same lines. (A traffic class of
# -1 is the socket's by RFC 3542 §6.5 and 255 to Linux: not asked.)
import socket,struct,errno
E=lambda e: errno.errorcode.get(e,e)
def out(f,*a):
    try: return repr(f(*a))
    except OSError as e: return E(e.errno)
six,four,D,V6,V4=socket.AF_INET6,socket.AF_INET,socket.SOCK_DGRAM,socket.IPPROTO_IPV6,0
PKTINFO,HOPLIMIT,TCLASS,DONTFRAG,MTU,DISCOVER,RECVERR=50,52,67,62,24,23,25
i=lambda x: struct.pack("i",x)
info=lambda address,index: socket.inet_pton(six,address)+struct.pack("I",index)
r=socket.socket(six,D); r.bind(("::",0)); r.settimeout(10); port=r.getsockname()[1]
for o in (49,51,66): r.setsockopt(V6,o,1)
def say(control,to="::1",length=1,scope=0,options=()):
    s=socket.socket(six,D)
    for level,name,value in options: s.setsockopt(level,name,value)
    return s.sendmsg([b"x"*length],control,0,(to,port,0,scope))
def heard():
    data,control,flags,peer=r.recvmsg(70000,500)
    return len(data),sorted((a,b,c) for a,b,c in control),peer[0]
def told(name,*a,**k):
    try: sent=say(*a,**k)
    except OSError as e: print(name,E(e.errno)); return
    print(name,sent,heard())
for v in (-2,-1,0,1,255,256):
    told("hop limit %d"%v,[(V6,HOPLIMIT,i(v))]); v==-1 or told("class %d"%v,[(V6,TCLASS,i(v))]); told("whole %d"%v,[(V6,DONTFRAG,i(v))])
told("both",[(V6,HOPLIMIT,i(9)),(V6,TCLASS,i(40))])
told("source",[(V6,PKTINFO,info("::1",0))]); told("source and lo",[(V6,PKTINFO,info("::1",1))])
told("not ours",[(V6,PKTINFO,info("2001:db8::1",0))]); told("no interface",[(V6,PKTINFO,info("::",99))])
told("short",[(V6,HOPLIMIT,b"\1")]); told("unknown",[(V6,199,i(1))]); told("long",[(V6,HOPLIMIT,i(1)+i(1))])
told("IPv4's",[(V4,2,i(7))]); told("of no level",[(1,99,i(1))])
told("zone and interface",[(V6,PKTINFO,info("::",1))],to="fe80::1",scope=2)
told("mapped, IPv4's TTL",[(V4,2,i(7))],to="::ffff:127.0.0.1")
told("mapped, source",[(V6,PKTINFO,info("::ffff:127.0.0.1",0))],to="::ffff:127.0.0.1")
told("mapped, IPv6 source",[(V6,PKTINFO,info("::1",0))],to="::ffff:127.0.0.1")
told("mapped, TTL 0",[(V4,2,i(0))],to="::ffff:127.0.0.1")
told("mapped, IPv6's",[(V6,HOPLIMIT,i(300))],to="::ffff:127.0.0.1")
print("longest",out(say,[],"::1",65527),heard()[0],out(say,[],"::1",65528))
for way in range(-1,7): print("way",way,out(say,[],"::1",1,0,((V6,DISCOVER,way),)) if 0<=way<6 else out(socket.socket(six,D).setsockopt,V6,DISCOVER,way))
for name,options in (("do",((V6,DISCOVER,2),)),("whole",((V6,DONTFRAG,1),)),("1280 whole",((V6,MTU,1280),(V6,DONTFRAG,1))),("1280 probe",((V6,MTU,1280),(V6,DISCOVER,3)))):
    print("too long",name,out(say,[],"::1",65500 if "1280" not in name else 1300,0,options))
for o,values in ((MTU,(0,1279,1280)),(DONTFRAG,(0,6)),(17,(0,-1,77)),(RECVERR,(0,6))):
    for v in values:
        s=socket.socket(six,D); print("option",o,v,out(s.setsockopt,V6,o,v),out(s.getsockopt,V6,o))
s=socket.socket(four,D); print("IPv4 group interface",out(s.setsockopt,V4,32,socket.inet_aton("127.0.0.1")) in ("None","EADDRNOTAVAIL"),out(s.setsockopt,V4,32,socket.inet_aton("9.9.9.9")))
# An error about a datagram that was not connected, where it is asked for.
s=socket.socket(six,D); s.setblocking(False); p=socket.socket(six,D); p.bind(("::1",0)); closed=p.getsockname()[1]; p.close()
print("unasked",s.sendto(b"x",("::1",closed)),out(s.recvfrom,9))
import time
s=socket.socket(six,D); s.settimeout(5); s.setsockopt(V6,RECVERR,1); s.sendto(b"x",("::1",closed)); print("asked",out(s.recvfrom,9))
