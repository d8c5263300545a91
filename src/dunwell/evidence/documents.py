"""Documents as PDF/A-3a: a room's Typst text filled with data, and signed with the bank's certificate.

Data go in as JSON and are never read as markup. The same data at the same moment give the same bytes.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import noto_cjk_sans_otc
import typst
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings

from dunwell.evidence.rules import plain
from dunwell.kernel.times import aware

STANDARDS = ["a-3a"]
OWN_CERTIFICATE_DAYS = 3650
_compilers = threading.local()


class NotMade(ValueError):
    """A document that could not be set; the sentence is Typst's."""


def pdf(*, room: str, name: str, data: Mapping[str, object], language: str, now: datetime) -> bytes:
    """`<room>/typst/<name>.typ` filled with `data` (dates, moments and amounts become strings), dated `now`.

    The text finds `data.language` (`zh-hans` or `en`) and `data.author` beside what is given. NotMade when it cannot
    be set, as when a value is missing that it names.
    """
    filled = {"author": "Dunwell", **data, "language": language}
    try:
        made = _compiler(f"{room}/typst/{name}.typ").compile(
            format="pdf",
            pdf_standards=STANDARDS,
            sys_inputs={"data": json.dumps(plain(filled), ensure_ascii=False)},
            timestamp=int(aware(now).timestamp()),
        )
    except typst.TypstError as error:
        raise NotMade(f"{room}/{name}: {error}") from error
    return made


def _compiler(text: str) -> typst.Compiler:
    """One a thread and text: fonts and parsed texts are kept from document to document."""
    kept = _compilers.__dict__.setdefault("kept", {})
    if text not in kept:
        root = Path(str(files("dunwell")))
        kept[text] = typst.Compiler(str(root / text), root=str(root), font_paths=[_fonts()], ignore_system_fonts=True)
    return kept[text]


@cache
def _fonts() -> str:
    return str(Path(noto_cjk_sans_otc.__file__).parent)


def signed(document: bytes, *, reason: str, now: datetime) -> bytes:
    """The PDF with the bank's electronic signature (PAdES, over all its bytes).

    The certificate is `DUNWELL_HOME/keys/documents.pem` (private key, then certificate, then its chain). Where the bank
    has put none there, one that only says so is made: it shows that nothing was changed since, not who the bank is.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, signers
    from pyhanko.sign.fields import SigSeedSubFilter

    metadata = PdfSignatureMetadata(
        field_name="Seal", reason=reason, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )
    out, signer = BytesIO(), _signer(now)

    def sign() -> None:
        signers.sign_pdf(IncrementalPdfFileWriter(BytesIO(document)), metadata, signer=signer, output=out)

    with ThreadPoolExecutor(1) as beside:  # pyHanko runs an event loop of its own, and there may be one in this thread
        beside.submit(sign).result()
    return out.getvalue()


def _signer(now: datetime):
    return _signer_of(settings.KEYS.documents(lambda: _own_certificate(now)))


@lru_cache(maxsize=2)
def _signer_of(text: bytes):
    """Read once: a certificate that was put in another's place is another text."""
    from asn1crypto import pem
    from asn1crypto import x509 as asn1_x509
    from pyhanko.keys import load_private_key_from_pemder_data
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    key = load_private_key_from_pemder_data(text, passphrase=None)
    certificates = [
        asn1_x509.Certificate.load(der) for kind, _, der in pem.unarmor(text, multiple=True) if kind == "CERTIFICATE"
    ]
    chain = SimpleCertificateStore()
    chain.register_multiple(certificates)
    return SimpleSigner(signing_cert=certificates[0], signing_key=key, cert_registry=chain)


def _own_certificate(now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Dunwell, not certified by anybody")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=OWN_CERTIFICATE_DAYS))
        .add_extension(x509.KeyUsage(True, True, False, False, False, False, False, False, False), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + made.public_bytes(serialization.Encoding.PEM)
