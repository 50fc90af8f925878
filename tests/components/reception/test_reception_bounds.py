"""Holds the receiver's bounds: hostile bytes, silence and size hold nobody up and take no memory; TLS where set."""

import random
import socket
import ssl
import struct
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydicom.uid import DigitalXRayImageStorageForPresentation
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association

from tests.components.reception.listener import HOST, connect, instance, received, running_listener, sent, store

pytestmark = pytest.mark.server
_MIB = 1 << 20


def test_hostile_connections_hold_nobody_up(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311  # a test repeats itself
    bounds = {"RADLOOP_RECEPTION__IDLE_S": "3", "RADLOOP_RECEPTION__MAX_ASSOCIATIONS": "12"}
    with running_listener(tmp_path / "home", **bounds) as listener, ExitStack() as opened:
        hostile = [
            b"",
            b"GET / HTTP/1.1\r\n\r\n",
            chance.randbytes(5000),
            b"\x01\x00" + struct.pack(">L", 0xFFFFFFFF) + bytes(100_000),  # a request of 4 GiB
            b"\x04\x00" + struct.pack(">L", 200) + bytes(20),  # data without an association, and cut short
            b"\x01\x00" + struct.pack(">L", 68) + chance.randbytes(68),
        ]
        lines = [opened.enter_context(socket.create_connection((HOST, listener.port), 20)) for _ in hostile]
        for line, content in zip(lines, hostile, strict=True):
            line.sendall(content)
        before = psutil.Process(listener.process.pid).memory_info().rss
        association = connect(listener.port)
        assert store(association, instance(1)) == 0
        association.release()
        for line in lines:
            line.settimeout(20)
            while _received(line):
                pass  # until it is closed
        assert psutil.Process(listener.process.pid).memory_info().rss - before < 50 * _MIB
        again = connect(listener.port)
        assert store(again, instance(2)) == 0
        again.release()
    assert len(received(tmp_path / "home" / "arriving")) == 2
    assert "Traceback" not in listener.log.read_text()


def test_memory_stays_flat_however_large_an_instance_is(tmp_path: Path) -> None:
    with running_listener(tmp_path / "home") as listener:
        association = connect(listener.port)
        assert store(association, instance(1)) == 0
        before = psutil.Process(listener.process.pid).memory_info().rss
        large = instance(2)
        large.Rows, large.Columns, large.PixelData = 8192, 8192, bytes(128 * _MIB)
        assert store(association, large) == 0
        association.release()
        grown = psutil.Process(listener.process.pid).memory_info().rss - before
    assert max(file.stat().st_size for file in (tmp_path / "home").rglob("*.dcm")) > 128 * _MIB
    assert grown < 32 * _MIB, f"{grown >> 20} MiB more"


def test_too_many_associations_are_refused_and_the_others_served(tmp_path: Path) -> None:
    with running_listener(tmp_path / "home", RADLOOP_RECEPTION__MAX_ASSOCIATIONS="2") as listener:
        first, second, third = (connect(listener.port) for _ in range(3))
        assert [first.is_established, second.is_established, third.is_rejected] == [True, True, True]
        assert [store(first, instance(1)), store(second, instance(2))] == [0, 0]
        first.release()
        second.release()


def test_with_tls_only_partners_with_a_certificate_are_served(tmp_path: Path) -> None:
    authority, ours, theirs = _certificates(tmp_path)
    variables = {
        "RADLOOP_RECEPTION__TLS__CERTIFICATE": str(ours),
        "RADLOOP_RECEPTION__TLS__KEY": str(ours),
        "RADLOOP_RECEPTION__TLS__CA": str(authority),
        "RADLOOP_RECEPTION__IDLE_S": "5",
    }
    with running_listener(tmp_path / "home", **variables) as listener:
        with socket.create_connection((HOST, listener.port), 20):  # says nothing: no handshake
            known = _encrypted(listener.port, authority, theirs)
            assert known.is_established
            assert store(known, instance(1)) == 0
            known.release()
        assert not _encrypted(listener.port, authority, None).is_established
        assert not connect(listener.port, patience=3).is_established
    assert received(tmp_path / "home" / "arriving") == sent([instance(1)])


def _received(line: socket.socket) -> bytes:
    try:
        return line.recv(4096)
    except ConnectionResetError:
        return b""


def _encrypted(port: int, authority: Path, certificate: Path | None) -> Association:
    context = ssl.create_default_context(cafile=str(authority))
    if certificate is not None:
        context.load_cert_chain(certificate)
    ae = ApplicationEntity("SENDER")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 10
    ae.add_requested_context(DigitalXRayImageStorageForPresentation)
    return ae.associate(HOST, port, ae_title="RADLOOP", tls_args=(context, "localhost"))


def _certificates(folder: Path) -> tuple[Path, Path, Path]:
    """An invented authority, and two certificates with their keys that it signed."""
    root = ec.generate_private_key(ec.SECP256R1())
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("authority", "ours", "theirs")]
    keys = [root, *(ec.generate_private_key(ec.SECP256R1()) for _ in names[1:])]
    paths = []
    for name, key in zip(names, keys, strict=True):
        start = datetime.now(UTC) - timedelta(days=1)
        certificate = (
            x509.CertificateBuilder(names[0], name, key.public_key(), x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=9))
            .add_extension(x509.BasicConstraints(ca=key is root, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(root, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = folder / f"{len(paths)}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
        paths.append(path)
    return paths[0], paths[1], paths[2]
