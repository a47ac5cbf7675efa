"""An HTTP server for moto that answers one request after the other, keeps connections open, and can be forked.

moto's own server opens a thread for each request and closes its connection; on one interpreter neither makes it faster.
Between two requests nothing here is under way, so that a fork is an exact copy of every resource:

    POST /aiplan/fork   forks; answers the port of the copy, which lives until it is ended or standard input closes
    POST /aiplan/end    ends this process
"""
import gc
import io
import json
import os
import selectors
import signal
import socket
import sys
import threading
from urllib.parse import unquote_to_bytes


def listener(port):
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen(128)
    made.setblocking(False)
    return made


def body_of(head, buffer, start):
    """The body and where it ends; None while some of it is still to come."""
    if head.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while True:
            end = buffer.find(b"\r\n", start)
            if end < 0:
                return None
            size = int(buffer[start:end].split(b";")[0], 16)
            if len(buffer) < end + 2 + size + 2:
                return None
            body += buffer[end + 2:end + 2 + size]
            start = end + 2 + size + 2
            if size == 0:
                return body, start
    end = start + int(head.get("content-length") or 0)
    return (bytes(buffer[start:end]), end) if len(buffer) >= end else None


def request_in(buffer):
    """The first whole request of a buffer, and its length; None while it is not whole."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = bytes(buffer[:end]).decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    head = {}
    for line in lines:
        name, _, value = line.partition(":")
        head[name.lower()] = value.strip()
    found = body_of(head, buffer, end + 4)
    return None if found is None else (method, target, head, found[0], found[1])


class Server:
    def __init__(self, app, port):
        self.app = app
        self.open(listener(port))

    def open(self, made):
        self.listener = made
        self.selector = selectors.DefaultSelector()
        self.selector.register(made, selectors.EVENT_READ, None)
        self.port = made.getsockname()[1]

    def environ(self, method, target, head, body):
        path, _, query = target.partition("?")
        made = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "SERVER_SOFTWARE": "aiplan",
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": target,
            "RAW_URI": target,
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_PORT": 0,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.port),
            "SERVER_PROTOCOL": "HTTP/1.1",
        }
        for name, value in head.items():
            key = name.upper().replace("-", "_")
            if key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                made[key] = value
            elif key != "TRANSFER_ENCODING":
                made["HTTP_" + key] = value
        if "CONTENT_LENGTH" not in made and body:
            made["CONTENT_LENGTH"] = str(len(body))
        return made

    def answer(self, method, target, head, body):
        """The bytes of an answer."""
        if method == "POST" and target == "/aiplan/end":
            os._exit(0)
        if method == "POST" and target == "/aiplan/fork":
            text = json.dumps({"port": self.fork()}).encode()
            return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)
        said = {}

        def start(status, headers, _=None):
            said["status"], said["headers"] = status, headers

        parts = self.app(self.environ(method, target, head, body), start)
        try:
            content = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
        lines = [f"HTTP/1.1 {said['status']}"]
        has_length = False
        for name, value in said["headers"]:
            lower = name.lower()
            has_length = has_length or lower == "content-length"
            if lower not in ("connection", "transfer-encoding"):
                lines.append(f"{name}: {value}")
        if not has_length and not said["status"].startswith(("204", "304")):
            lines.append(f"Content-Length: {len(content)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (b"" if method == "HEAD" else content)

    def fork(self):
        gc.freeze()
        made = listener(0)
        port = made.getsockname()[1]
        if os.fork() == 0:
            for key in list(self.selector.get_map().values()):
                key.fileobj.close()
            self.selector.close()
            self.open(made)
            watch()
            self.serve()
        made.close()
        return port

    def serve(self):
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    wire, _ = self.listener.accept()
                    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.selector.register(wire, selectors.EVENT_READ, bytearray())
                else:
                    self.read(key.fileobj, key.data)

    def read(self, wire, buffer):
        try:
            some = wire.recv(1 << 20)
            buffer += some
            while some and (whole := request_in(buffer)) is not None:
                method, target, head, body, end = whole
                del buffer[:end]
                try:
                    answer = self.answer(method, target, head, body)
                except Exception as error:
                    text = repr(error).encode()
                    answer = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)
                wire.sendall(answer)
        except OSError:
            some = b""
        if not some:
            self.selector.unregister(wire)
            wire.close()


def watch():
    """Ends this process when whoever holds the other end of standard input does."""
    def wait():
        os.read(0, 1)
        os._exit(0)
    threading.Thread(target=wait, daemon=True).start()


def main(argv):
    """Stands for `moto.server.main`, with its arguments `-H HOST -p PORT`."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    port = int(argv[argv.index("-p") + 1])
    os.environ.setdefault("MOTO_PORT", str(port))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    app = DomainDispatcherApplication(create_backend_app)
    app.debug = True
    Server(app, port).serve()
