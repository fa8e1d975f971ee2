# Which call has an error about a datagram, what is left of it for the next ones, and what else comes with it from the queue
# of errors; the kernel and baro must print the same lines.
import socket,struct,errno,select
E=lambda e: errno.errorcode.get(e,e)
def out(f,*a):
    try: return repr(f(*a))
    except OSError as e: return E(e.errno)
D,six,four=socket.SOCK_DGRAM,socket.AF_INET6,socket.AF_INET
V6,V4=socket.IPPROTO_IPV6,socket.IPPROTO_IP
def queue(s,patience=3): # an error that comes wakes; where none is to come there is little to wait for
    select.select([s],[],[],patience)
    try: d,c,f,a=s.recvmsg(100,512,socket.MSG_ERRQUEUE)
    except OSError as e: return E(e.errno)
    told=[]
    for l,t,v in c:
        if (l,t) in ((V6,25),(V4,11)):
            n,origin,kind,code,pad,info,data=struct.unpack("IBBBBII",v[:16]); family=struct.unpack("H",v[16:18])[0]
            who=socket.inet_ntop(family,v[24:40] if family==six else v[20:24]) if family in (six,four) else None
            told.append((l,t,E(n),"origin",origin,kind,code,"info",info,"from",who,len(v)))
        else: told.append((l,t,len(v)))
    return (len(d),told,f&socket.MSG_ERRQUEUE!=0,f&socket.MSG_TRUNC!=0,a[:1]+a[2:] if a else a)
for family,me,level,recverr,pktinfo,hops in ((six,"::1",V6,25,49,51),(four,"127.0.0.1",V4,11,8,12)):
    s=socket.socket(family,D); s.bind((me,0))
    print(me,"option",out(s.getsockopt,level,recverr),out(s.setsockopt,level,recverr,1),out(s.getsockopt,level,recverr))
    print("nothing yet",queue(s,.1))
    print("sent",s.sendto(b"hello",(me,9)))
    select.select([s],[],[],3); print("next call",out(s.sendto,b"again",(me,9)))
    print("queue",queue(s)); print("empty",queue(s,.1),s.getsockopt(1,4))
    for text in b"1",b"22",b"3"*200: 
        try: s.sendto(text,(me,9))
        except OSError: s.sendto(text,(me,9))
        select.select([s],[],[],3)
    print("wakes",select.select([s],[],[],3)[0]==[s])
    print("three",queue(s)); print(queue(s)); print(queue(s)); print("settled",queue(s,.1),s.getsockopt(1,4),out(s.recv,9,socket.MSG_DONTWAIT))
    for o in (pktinfo,hops): s.setsockopt(level,o,1)
    s.sendto(b"told",(me,9)); print("with control",queue(s))
    s.connect((me,9)); s.send(b"connected"); print("connected",queue(s))
    s.send(b"x"); print("SO_ERROR",select.select([s],[],[],3)[0]==[s],E(s.getsockopt(1,4)),out(s.recvfrom,9,socket.MSG_DONTWAIT),queue(s)[0])
    s.setsockopt(level,recverr,0); s.send(b"x"); print("off",select.select([s],[],[],3)[0]==[s],queue(s),out(s.recvfrom,9))
p=socket.socket(six,D,socket.IPPROTO_ICMPV6); print("ping",out(p.setsockopt,V6,25,1),queue(p,.1))
