# Two programs that talk by link-local addresses; the kernel and baro must print the same lines. server: tells whoever
# connects its link-local address, and what it sees of him. client SERVER: SERVER is any name or address of the server.
import socket,struct,errno,sys,time,threading
E=lambda e: errno.errorcode.get(e,e)
def out(f,*a):
    try: return repr(f(*a))
    except OSError as e: return E(e.errno)
S,D,six=socket.SOCK_STREAM,socket.SOCK_DGRAM,socket.AF_INET6
V6=socket.IPPROTO_IPV6
def own():
    for i in range(1600): # until it was probed
        for line in open("/proc/net/if_inet6"):
            octets,index,length,scope,flags,name=line.split()
            if name=="eth0" and scope=="20" and not int(flags,16)&0x40:
                return socket.inet_ntop(six,bytes.fromhex(octets)),int(index,16)
        time.sleep(0.025)
    sys.exit("no link-local address")
known={}
def show(a): # addresses are another each time
    name=known.get(a[0],a[0])
    return "%s scope %s"%(name, socket.if_indextoname(a[3]) if a[3] else 0)
mine,index=own()
if sys.argv[1]=="server":
    known[mine]="server"
    u=socket.socket(six,D); u.bind(("::",9000)); u.setsockopt(V6,socket.IPV6_RECVPKTINFO,1)
    def answer():
        while True:
            d,c,f,a=u.recvmsg(2000,256)
            to=[(socket.inet_ntop(six,v[:16]),struct.unpack("i",v[16:])[0]) for l,t,v in c if t==socket.IPV6_PKTINFO][0]
            u.sendto(("%d from client scope %s to %s on %s"%(len(d),show(a).split()[-1],known.get(to[0],to[0]),socket.if_indextoname(to[1]))).encode(),a)
    threading.Thread(target=answer,daemon=True).start()
    l=socket.socket(six,S); l.setsockopt(1,2,1); l.bind(("::",8000)); l.listen()
    while True:
        c,a=l.accept()
        c.sendall((mine+" accepted %s here %s"%(show((("client",)+a[1:]) if a[0].startswith("fe80") else ("global",)+a[1:]),show(c.getsockname()))).encode())
        c.shutdown(1)
        c.close()
def ask(c):
    text=b""
    while d:=c.recv(999): text+=d
    return text.decode()
def connected(*bind):
    c=socket.socket(six,S)
    if bind: c.bind(bind)
    c.connect((theirs,8000,0,index))
    return "here %s there %s heard: %s"%(show(c.getsockname()),show(c.getpeername()),ask(c).replace(theirs,"server"))
for i in range(100):
    try: theirs=ask(socket.create_connection((sys.argv[2],8000),5)).split()[0]; break
    except OSError: time.sleep(0.1)
known[mine]="client"; known[theirs]="server"
print("TCP",connected())
print("bound",connected(mine,0,0,index))
print("bound by bytes",connected("::",0))
c=socket.create_connection((theirs+"%eth0",8000)); print("by zone",show(c.getpeername()),len(ask(c))>0)
print("name",socket.getnameinfo((theirs,8000,0,index),3)[0]==theirs+"%eth0")
print("no zone",out(socket.socket(six,S).connect,(theirs,8000)),out(socket.socket(six,D).connect,(theirs,9000)))
print("bind without zone",out(socket.socket(six,S).bind,(mine,0)),out(socket.socket(six,D).bind,(mine,0)))
print("bind to another's",out(socket.socket(six,S).bind,(theirs,0,0,index)),out(socket.socket(six,D).bind,(theirs,0,0,index)))
print("no such interface",out(socket.socket(six,S).bind,(mine,0,0,77)))
print("refused",out(socket.socket(six,S).connect,(theirs,7,0,index)))
b=socket.socket(six,S); b.bind((mine,0,0,index)); print("name when bound",show(b.getsockname()))
l=socket.socket(six,S); l.bind((mine,8001,0,index)); l.listen()
c=socket.socket(six,S); c.connect((mine,8001,0,index)); a,who=l.accept(); print("to oneself",show(who),show(a.getsockname()),show(c.getpeername()))
u=socket.socket(six,D); u.settimeout(10); u.setsockopt(V6,socket.IPV6_RECVPKTINFO,1)
for size in 5,1900:
    print("UDP",u.sendto(b"x"*size,(theirs,9000,0,index)))
    d,c,f,a=u.recvmsg(999,256)
    to=[(socket.inet_ntop(six,v[:16]),struct.unpack("i",v[16:])[0]) for l_,t,v in c if t==socket.IPV6_PKTINFO][0]
    print(" ",d.decode(),"answered by",show(a),"to",known.get(to[0]),socket.if_indextoname(to[1]))
print("UDP connect",out(u.connect,(theirs,9000,0,index)),show(u.getsockname()),show(u.getpeername()))
print("sent",u.send(b"y"),u.recv(999).decode())
print("another zone",out(u.sendto,b"z",(theirs,9000,0,77)))
g=socket.socket(six,D); g.settimeout(10)
print("all nodes",g.sendto(b"all",("ff02::1",9000,0,index)))
d,a=g.recvfrom(999); print(" ",d.decode(),show(a))
g.setsockopt(V6,socket.IPV6_MULTICAST_IF,index)
print("by IPV6_MULTICAST_IF",g.sendto(b"all",("ff02::1",9000)),g.recvfrom(999)[0].decode(),g.getsockopt(V6,socket.IPV6_MULTICAST_IF)==index)
