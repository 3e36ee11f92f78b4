"""Tokens and certificates, true ones and forged ones, made with openssl's command line."""
import base64
import hashlib
import hmac
import json
import os
import subprocess
import time

ISSUER = "https://kubernetes.default.svc.cluster.local"


def encode(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def claims(account="robot", uid="", **changes):
    now = int(time.time())
    return {"iss": ISSUER, "aud": [ISSUER], "sub": f"system:serviceaccount:default:{account}", "iat": now, "nbf": now - 5, "exp": now + 600,
            "kubernetes.io": {"namespace": "default", "serviceaccount": {"name": account, "uid": uid}}, **changes}


def rs256(of, key_file, header=None):
    """A JWT that the RSA key in a file signs, whatever its header says."""
    message = encode(header or {"alg": "RS256"}) + "." + encode(of)
    return message + "." + encode(openssl("dgst", "-sha256", "-sign", key_file, data=message.encode()))


def hs256(of, secret):
    message = encode({"alg": "HS256", "typ": "JWT"}) + "." + encode(of)
    return message + "." + encode(hmac.new(secret, message.encode(), hashlib.sha256).digest())


def authority(folder, name):
    """A certificate authority of somebody else's: its certificate and key, as files."""
    certificate, key = os.path.join(folder, name + ".crt"), os.path.join(folder, name + ".key")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", f"/CN={name}",
            "-keyout", key, "-out", certificate)
    return certificate, key


def request(folder, name, subject):
    """A certificate request: its PEM, and the file of its key."""
    key = os.path.join(folder, name + ".key")
    pem = openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject, "-keyout", key)
    return pem, key


def client_certificate(folder, name, subject, signer):
    """A client's certificate and key, as files; `signer` is the certificate and key of an authority."""
    pem, key = request(folder, name, subject)
    certificate, extensions = os.path.join(folder, name + ".crt"), os.path.join(folder, name + ".ext")
    with open(extensions, "w") as file:
        file.write("extendedKeyUsage=clientAuth\n")
    with open(certificate, "wb") as file:
        file.write(openssl("x509", "-req", "-CA", signer[0], "-CAkey", signer[1], "-set_serial", str(time.time_ns()), "-days", "1",
                           "-extfile", extensions, data=pem))
    return certificate, key


def cluster_authority(server):
    return os.path.join(server.place, "pki/ca.crt"), os.path.join(server.place, "pki/ca.key")
