"""A CRM behind an HTTP address, on the http.server of the standard library."""

import base64
import http.server
import sys
import threading
import urllib.parse

import manners


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        wanted = manners.challenge(self.server.options, "POST", self.headers["Authorization"])
        if wanted is not None:
            return self.reply(401, b"who are you?", {"WWW-Authenticate": wanted})
        form = urllib.parse.parse_qs(body.decode("ascii"), strict_parsing=True)
        (kind,), (data,) = form["format"], form["data"]
        with self.server.lock:
            (answer,) = manners.CRM(kind).hear(base64.b64decode(data, validate=True).decode())
        self.reply(200, answer.encode(), {"Content-Type": "text/" + kind})

    def reply(self, code, body, headers):
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *args):
        print(form % args, file=sys.stderr)


def main():
    o = manners.options(__doc__).parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.options, server.lock = o, threading.Lock()
    if tls := manners.server_tls(o):
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    manners.say("listening 127.0.0.1:%d" % server.server_address[1])
    server.serve_forever()


main()
