"""Who somebody is: no credential, forged and stale tokens, certificates of strangers, headers that claim to be another."""
import json
import os

import credentials as made
from navarch import Server, TOKEN, claim

SECRETS = "/api/v1/namespaces/kube-system/secrets"
WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


def who(client, headers=None):
    status, text = client.send("POST", WHOAMI, REVIEW, headers=headers)
    return json.loads(text)["status"]["userInfo"]["username"] if status == 201 else status


def nobody(server):
    stranger = server.client(token=None)

    def everything():
        for path in ("/api/v1/nodes", SECRETS, "/apis/apps/v1/deployments", "/metrics", "/logs", "/api", "/openapi/v2", "/debug/pprof/", WHOAMI):
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "FROBNICATE"):
                status, _ = stranger.send(method, path, None if method in ("GET", "HEAD") else b"{}")
                assert status in (400, 401, 403, 405, 501), (method, path, status)

    def odd_headers():
        for value in ("", "Bearer", "Bearer ", "Basic YWRtaW46YWRtaW4=", "bearer x", "Bearer \t", "Token x", "Bearer " + "a" * 60000,
                      "Bearer a.b.c", "Bearer ....", "Bearer " + ".".join(["e30"] * 3)):
            status, _ = stranger.send("GET", SECRETS, headers={"Authorization": value})
            assert status in (401, 403, 431), (value[:40], status)

    claim("without a credential there is no way in, whatever the method", everything)
    claim("a credential that makes no sense is none", odd_headers)


def tokens(server):
    admin = server.client()
    admin.send("POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "robot"}})
    uid = json.loads(admin.send("GET", "/api/v1/namespaces/default/serviceaccounts/robot")[1])["metadata"]["uid"]
    key = os.path.join(server.place, "pki/sa.key")
    with open(os.path.join(server.place, "pki/sa.pub"), "rb") as file:
        public = file.read()
    good = made.claims(uid=uid)

    def sent(token):
        return who(server.client(token=token))

    def refused(*forged):
        for token in forged:
            assert sent(token) == 401, (token[:80], sent(token))

    def true_one():
        assert sent(made.rs256(good, key)) == "system:serviceaccount:default:robot"

    def stale():
        refused(made.rs256({**good, "exp": good["iat"] - 1}, key), made.rs256({**good, "nbf": good["exp"] + 3600}, key),
                made.rs256({k: v for k, v in good.items() if k != "exp"}, key), made.rs256({**good, "exp": "9999999999"}, key),
                made.rs256({**good, "exp": -1}, key))

    def misdirected():
        refused(made.rs256({**good, "aud": ["https://vault"]}, key), made.rs256({**good, "aud": []}, key), made.rs256({**good, "aud": {}}, key),
                made.rs256({**good, "iss": "https://elsewhere"}, key))

    def unsigned():
        for algorithm in ("none", "None", "NONE", "", None, ["none"], "nOnE"):
            for signature in ("", "AA"):
                refused(made.encode({"alg": algorithm}) + "." + made.encode(good) + "." + signature)
        refused(made.encode({}) + "." + made.encode(good) + ".")

    def confused():
        der = made.openssl("pkey", "-pubin", "-outform", "DER", data=public)
        refused(*(made.hs256(good, secret) for secret in (public, public.strip(), der, b"")))
        refused(*(made.rs256(good, key, {"alg": other}) for other in ("HS256", "ES256", "PS256", "RS512", "rs256")))

    def own_key():
        stranger = os.path.join(server.place, "stranger.key")
        made.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", stranger)
        jwk = {"kty": "RSA", "n": "AQAB", "e": "AQAB"}
        refused(made.rs256(good, stranger), made.rs256(good, stranger, {"alg": "RS256", "jwk": jwk}),
                made.rs256(good, stranger, {"alg": "RS256", "jku": "https://127.0.0.1/keys"}),
                made.rs256(good, stranger, {"alg": "RS256", "kid": "../../../../dev/null"}),
                made.rs256(good, key, {"alg": "RS256", "crit": ["exp"]}))

    def cut():
        token = made.rs256(good, key)
        for size in list(range(0, len(token), 37)) + [len(token) - 1]:
            assert sent(token[:size]) in (401, 403), size
        refused(token + "A", token + ".", token.replace(".", "..", 1), "." + token)

    def others_claims():
        refused(made.rs256({**good, "sub": "system:serviceaccount:kube-system:robot"}, key), made.rs256({**good, "sub": "system:admin"}, key),
                made.rs256(made.claims(uid="another"), key), made.rs256(made.claims("ghost", uid), key))

    def revoked():
        token = made.rs256({**good, "jti": "once"}, key)
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
        reviews = "/apis/authentication.k8s.io/v1/tokenreviews"
        assert json.loads(admin.send("POST", reviews, body)[1])["status"]["authenticated"]
        admin.send("DELETE", "/api/v1/namespaces/default/serviceaccounts/robot")
        assert not json.loads(admin.send("POST", reviews, body)[1])["status"].get("authenticated")
        refused(token)

    def for_nobody_else():
        def reviewed(audiences):
            body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": TOKEN, "audiences": audiences}}
            return json.loads(admin.send("POST", "/apis/authentication.k8s.io/v1/tokenreviews", body)[1])["status"]

        own = good["aud"][0]
        assert reviewed([])["authenticated"]
        assert reviewed(["vault", own])["audiences"] == [own]
        status = reviewed(["vault"])
        assert not status.get("authenticated") and not status.get("user", {}).get("username"), status

    claim("a token that says nothing of audiences is for no other than the API server", for_nobody_else)
    claim("a token that the cluster's key signed is its account's", true_one)
    claim("tokens that are expired, not yet valid, or never end are refused", stale)
    claim("tokens for another audience or of another issuer are refused", misdirected)
    claim("tokens without a signature are refused, however none is spelled", unsigned)
    claim("the public key is no secret: HMAC and other algorithms are refused", confused)
    claim("a token cannot bring its own key", own_key)
    claim("a token that is cut or longer is refused", cut)
    claim("a signed token must be its account's, and the account be there", others_claims)
    claim("a token dies with its account", revoked)


def certificates(server):
    folder = server.place
    cluster = made.cluster_authority(server)
    stranger = made.authority(folder, "stranger")

    def sent(subject, signer, name):
        return who(server.client(token=None, certificate=made.client_certificate(folder, name, subject, signer)))

    def true_one():
        assert sent("/O=devs/CN=jane", cluster, "jane") == "jane"

    def of_another():
        assert sent("/O=system:masters/CN=admin", stranger, "forged") in (401, 403)

    def same_name():
        imitation = made.authority(folder, "navarch-ca")
        assert sent("/O=system:masters/CN=admin", imitation, "imitated") in (401, 403)

    def chained():
        # A certificate that may not sign signs another.
        leaf = made.client_certificate(folder, "leaf", "/CN=jane", cluster)
        certificate, key = made.client_certificate(folder, "below", "/O=system:masters/CN=admin", leaf)
        with open(certificate, "ab") as file, open(leaf[0], "rb") as above:
            file.write(above.read())
        assert who(server.client(token=None, certificate=(certificate, key))) in (401, 403)

    def serving():
        # What a server shows is no client's credential.
        place = os.path.join(folder, "pki/apiserver")
        assert who(server.client(token=None, certificate=(place + ".crt", place + ".key"))) in (401, 403)

    claim("a certificate of the cluster's authority is its subject's", true_one)
    claim("a certificate of another authority is nobody's", of_another)
    claim("an authority with the same name is another authority", same_name)
    claim("who has a certificate cannot sign others", chained)
    claim("a serving certificate is no client's", serving)


def headers(server):
    jane = server.client(token=None, certificate=made.client_certificate(server.place, "jane2", "/CN=jane", made.cluster_authority(server)))
    proxy = {"X-Remote-User": "admin", "X-Remote-Group": "system:masters", "X-Remote-Extra-A": "b", "X-Remote-Uid": "0"}

    def remote_user():
        assert who(server.client(token=None), proxy) == 403
        assert who(jane, proxy) == "jane"
        stranger = made.authority(server.place, "proxies")
        forged = made.client_certificate(server.place, "proxy", "/CN=front-proxy-client", stranger)
        assert who(server.client(token=None, certificate=forged), proxy) in (401, 403)
        clusters = made.client_certificate(server.place, "proxy2", "/CN=front-proxy-client", made.cluster_authority(server))
        assert who(server.client(token=None, certificate=clusters), proxy) == "front-proxy-client"

    def impersonation():
        for asked in ({"Impersonate-User": "admin", "Impersonate-Group": "system:masters"}, {"Impersonate-User": "system:kube-controller-manager"},
                      {"Impersonate-User": "system:serviceaccount:kube-system:default"}, {"impersonate-user": "x", "Impersonate-Uid": "1"},
                      {"Impersonate-User": "jane", "Impersonate-Extra-Scopes": "all"}):
            for client in (jane, server.client(token=None)):
                assert who(client, asked) == 403, asked
        for asked in ({"Impersonate-Group": "system:masters"}, {"Impersonate-Uid": "1"}, {"Impersonate-Extra-a": "b"}):
            assert who(jane, asked) in (400, 403), asked

    def other_headers():
        assert who(server.client(token=None), {"X-Forwarded-User": "admin", "Forwarded": "for=127.0.0.1", "X-Real-Ip": "127.0.0.1"}) == 403

    claim("X-Remote headers count from the front proxy's authority alone", remote_user)
    claim("Impersonate headers count for those alone who may", impersonation)
    claim("other headers of proxies say nothing", other_headers)


def run():
    with Server() as server:
        for part in (nobody, tokens, certificates, headers):
            part(server)
        assert server.alive()
