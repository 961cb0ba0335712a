# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests of TLS, made by openssl."""

import subprocess


def make_authority(at):
    """In the folder `at`: a certificate authority, a server and a client of it, and a stranger."""

    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=at, check=True, capture_output=True)

    for name in ("ca", "other-ca"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")
    for name, ca, names in (("server", "ca", "IP:127.0.0.1,DNS:localhost"), ("elsewhere", "ca", "DNS:example.org"),
                            ("client", "ca", "DNS:client"), ("stranger", "other-ca", "DNS:stranger")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (at / "ext").write_text(f"subjectAltName={names}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial",
                "-out", f"{name}.pem", "-days", "2", "-extfile", "ext")
    return at


def own(authority, name):
    """The keys of a configuration for the certificate of this name."""
    return (f"certificate = {authority}/{name}.pem", f"key = {authority}/{name}.key")
