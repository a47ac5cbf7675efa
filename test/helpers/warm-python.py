"""A Python that has moto loaded already, for suites that each start an emulator: most of a start is reading moto's code.

    warm-python.py serve SOCKET             loads moto, then forks for everybody who asks; ends with its standard input
    warm-python.py ask SOCKET PYTHON ...    stands for `PYTHON ...`; what is no start of moto, PYTHON runs itself

The fork runs the very code that it was given, with the standard streams and the environment of the asker. It ends when the
asker does, and the asker when it does. Of moto only code is loaded before the fork: no account, no resource, no address.
"""
import json
import os
import select
import socket
import sys


def ask(path, python, words):
    if len(words) > 3 and words[0] == "-c" and "from moto.server import main" in words[1] and words[3] == "123456789012":
        try:
            wire = socket.socket(socket.AF_UNIX)
            wire.connect(path)
            request = json.dumps({"code": words[1], "words": words[2:], "environment": dict(os.environ)}).encode()
            socket.send_fds(wire, [len(request).to_bytes(4, "big")], [0, 1, 2])
            wire.sendall(request)
            end = wire.recv(1)
            os._exit(0 if end == b"0" else 1)
        except OSError:
            pass
    os.execv(python, [python, *words])


def load():
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    import moto.server
    from moto.backends import get_backend
    from moto.core.utils import get_service_model
    for service in ("ec2", "rds", "s3", "sts", "iam", "moto_api"):
        get_backend(service)
    for service in ("ec2", "rds", "s3", "sts", "iam"):
        get_service_model(service)


def serve(path):
    import gc
    import signal
    import threading
    import traceback
    load()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    print("ready", flush=True)
    while True:
        if 0 in select.select([0, listener], [], [])[0]:
            return
        wire, _ = listener.accept()
        if os.fork() != 0:
            wire.close()
            continue
        listener.close()
        size, streams, _, _ = socket.recv_fds(wire, 4, 3)
        with wire.makefile("rb", buffering=0) as reader:
            request, left = b"", int.from_bytes(size, "big")
            while len(request) < left:
                request += reader.read(left - len(request))
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()
        os.environ.update(json.loads(request)["environment"])

        def watch():
            wire.recv(1)
            os._exit(0)
        threading.Thread(target=watch, daemon=True).start()
        from moto.moto_api._internal import mock_random
        mock_random.seed()
        sys.argv = ["-c", *json.loads(request)["words"]]
        import moto.server
        import quick_server
        moto.server.main = quick_server.main
        try:
            exec(compile(json.loads(request)["code"], "<string>", "exec"), {"__name__": "__main__"})
            wire.send(b"0")
        except SystemExit as end:
            wire.send(b"1" if end.code else b"0")
        except BaseException:
            traceback.print_exc()
            wire.send(b"1")
        os._exit(0)


if sys.argv[1] == "serve":
    serve(sys.argv[2])
else:
    ask(sys.argv[2], sys.argv[3], sys.argv[4:])
