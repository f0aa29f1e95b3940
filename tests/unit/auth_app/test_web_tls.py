"""TLS is for the name that was asked for, although the connection goes to an address."""

from __future__ import annotations

import datetime
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from auth_app.oauth.web import NotReached, Web

pytestmark = pytest.mark.asyncio


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = b'{"host": "%s"}' % self.headers["host"].encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], tuple[int, ssl.SSLContext]]]:
    """Serve with a certificate for a name; the port, and who believes the certificate."""
    servers = []

    def start(name: str) -> tuple[int, ssl.SSLContext]:
        certificate = tmp_path / "certificate.pem"
        certificate.write_bytes(certificate_for(name))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        servers.append((server, thread))
        return server.server_port, ssl.create_default_context(cafile=str(certificate))

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def certificate_for(name: str) -> bytes:
    """A key and a certificate that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(pem)


async def test_name_of_the_certificate_is_the_name_of_the_url(
    serve: Callable[[str], tuple[int, ssl.SSLContext]],
) -> None:
    port, tls = serve("localhost")
    reply = await Web(allows_private=True, tls=tls).get(f"https://localhost:{port}/x")
    assert reply.fields == {"host": f"localhost:{port}"}


async def test_certificate_of_another_name_is_not_believed(
    serve: Callable[[str], tuple[int, ssl.SSLContext]],
) -> None:
    port, tls = serve("other.example.com")
    with pytest.raises(NotReached):
        await Web(allows_private=True, tls=tls).get(f"https://localhost:{port}/x")


async def test_certificate_that_nobody_knows_is_not_believed(
    serve: Callable[[str], tuple[int, ssl.SSLContext]],
) -> None:
    port, _ = serve("localhost")
    with pytest.raises(NotReached):
        await Web(allows_private=True).get(f"https://localhost:{port}/x")
