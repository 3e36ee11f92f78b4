"""A server of the program itself for tests, and clients that behave as badly as a test wants. Standard library only."""
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

BINARY = os.path.realpath(os.path.join(os.environ.get("NAVARCH_BUILD", "build/release"), "bin/navarch"))
TOKEN = "test-token"


class Server:
    """`navarch apiserver` in a folder of its own, on a port that is free."""

    def __init__(self, store="memory", storage=None, flags=()):
        self.place = tempfile.mkdtemp(prefix="navarch-test-")
        self.store = store
        self.flags = list(flags)
        self.storage = storage or os.path.join(self.place, "store")
        self.tokens = os.path.join(self.place, "tokens.csv")
        with open(os.open(self.tokens, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(f'{TOKEN},admin,admin,"system:masters"\n')
        self.log_path = os.path.join(self.place, "server.log")
        self.process = None
        self.port = 0

    def start(self):
        self.launch()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = re.search(r'"Serving securely" address="[^"]*:(\d+)"', self.log())
            if found:
                self.port = int(found.group(1))
                return self
            if self.process.poll() is not None:
                raise RuntimeError("the server ended:\n" + self.log())
            time.sleep(0.02)
        raise RuntimeError("the server does not serve:\n" + self.log())

    def launch(self, *more):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [BINARY, "apiserver", f"--storage-backend={self.store}", f"--storage-dir={self.storage}", f"--cert-dir={self.place}/pki",
             "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={port}", f"--token-auth-file={self.tokens}", *self.flags,
             *more],
            stdout=open(self.log_path, "w"), stderr=subprocess.STDOUT)

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def memory_mib(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024

    def close(self):
        if self.process and self.alive():
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.place, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    # Clients.

    def socket(self, alpn=("http/1.1",), timeout=30):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(list(alpn))
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout), server_hostname="localhost")

    def client(self, timeout=30, token=TOKEN, certificate=None):
        """`token` None: none is sent. `certificate`: files with a certificate and its key."""
        return Client(self, timeout, token, certificate)


class Client:
    """Requests over one connection that is kept."""

    def __init__(self, server, timeout, token=TOKEN, certificate=None):
        self.token = token
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if certificate:
            context.load_cert_chain(*certificate)
        self.connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=timeout)

    def send(self, method, path, body=None, content_type="application/json", headers=None):
        """(status, text). A connection that the server has closed is made anew once."""
        everything = {**({"Authorization": "Bearer " + self.token} if self.token else {}), **({"Content-Type": content_type} if body is not None else {}), **(headers or {})}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        for attempt in range(2):
            try:
                self.connection.request(method, path, body, everything)
                response = self.connection.getresponse()
                return response.status, response.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError, ssl.SSLError):
                self.connection.close()
                if attempt:
                    raise
        return None


PASSED = FAILED = 0


def claim(name, check):
    """Passes when `check` neither raises nor returns False."""
    global PASSED, FAILED
    try:
        good, why = check() is not False, ""
    except Exception as error:  # the claim is what fails, not the run
        good, why = False, f"{type(error).__name__}: {error}"
    PASSED, FAILED = PASSED + good, FAILED + (not good)
    print(("PASS " if good else "FAIL ") + name + (f"\n     {why[:600]}" if why else ""), flush=True)


def finish():
    print(f"{PASSED} passed, {FAILED} failed")
    sys.exit(1 if FAILED else 0)
