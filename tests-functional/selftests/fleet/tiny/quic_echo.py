"""QUIC between two tiny nodes, run beside them: `serve` until killed, or `ask HOST` and print what comes back."""

import asyncio
import datetime
import ssl
import sys
import tempfile

from aioquic.asyncio import connect, serve
from aioquic.quic.configuration import QuicConfiguration
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PORT = 4433
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tiny")])


def certified(configuration):
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with tempfile.NamedTemporaryFile() as file:
        file.write(certificate.public_bytes(pem) + private)
        file.flush()
        configuration.load_cert_chain(file.name)
    return configuration


async def echo(reader, writer):
    writer.write(await reader.read())
    writer.write_eof()


async def serving():
    await serve(
        "0.0.0.0",
        PORT,
        configuration=certified(QuicConfiguration(is_client=False)),
        stream_handler=lambda reader, writer: asyncio.ensure_future(echo(reader, writer)),
    )
    print("serves", flush=True)
    await asyncio.Event().wait()


async def asking(host):
    configuration = QuicConfiguration(is_client=True, verify_mode=ssl.CERT_NONE)
    async with connect(host, PORT, configuration=configuration) as connection:
        reader, writer = await connection.create_stream()
        writer.write(b"by QUIC")
        writer.write_eof()
        print((await reader.read()).decode())


if sys.argv[1] == "serve":
    asyncio.run(serving())
else:
    asyncio.run(asyncio.wait_for(asking(sys.argv[2]), 2))
