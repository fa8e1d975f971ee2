# Servers on an AF_INET6 socket, for peers of both families: HTTP on 8000, an echo of datagrams on 9000 that tells who asked.
import socket,struct,sys,threading,http.server
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body=("you are %s, I am %s\n"%(self.client_address[0],self.connection.getsockname()[0])).encode()
        self.send_response(200); self.send_header("Content-Length",str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self,*a): pass
class Server(http.server.ThreadingHTTPServer):
    address_family=socket.AF_INET6
    def server_bind(self):
        self.socket.close()
        self.socket=socket.create_server(("::",8000),family=socket.AF_INET6,dualstack_ipv6=True)
        self.server_name,self.server_port="here",8000
    def server_activate(self): pass
def echo():
    s=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6,socket.IPV6_V6ONLY,0)
    for o in ("IPV6_RECVPKTINFO","IPV6_RECVHOPLIMIT","IPV6_RECVTCLASS"): s.setsockopt(socket.IPPROTO_IPV6,getattr(socket,o),1)
    s.bind(("::",9000))
    while True:
        data,control,flags,peer=s.recvmsg(65536,256)
        told=[]
        for level,kind,value in control:
            if kind==socket.IPV6_PKTINFO: told.append("to %s on %d"%(socket.inet_ntop(socket.AF_INET6,value[:16]),struct.unpack("I",value[16:20])[0]))
            if kind==socket.IPV6_HOPLIMIT: told.append("hops %d"%struct.unpack("i",value))
            if kind==socket.IPV6_TCLASS: told.append("class %d"%struct.unpack("i",value))
        s.sendto(("%d from %s scope %d %s"%(len(data),peer[0],peer[3]," ".join(told))).encode(),peer)
server=Server(("::",8000),Answer)
threading.Thread(target=echo,daemon=True).start()
server.serve_forever()
