"""Encryption by the hospital's certificates."""

import ssl

from components.errors import ConfigurationError
from components.settings import TlsSettings


def server_context(settings: TlsSettings | None) -> ssl.SSLContext | None:
    """For listeners; with a CA set, who connects must show a certificate that it signed. None: plain connections.

    Raises:
        ConfigurationError: a file is missing or no certificate.
    """
    if settings is None:
        return None
    return _loaded(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), settings)


def client_context(settings: TlsSettings | None) -> ssl.SSLContext:
    """For connections to partners, whose certificate must be signed by the CA set (else by one of the system's).

    Raises:
        ConfigurationError: nothing is set, a file is missing or no certificate.
    """
    if settings is None:
        raise ConfigurationError("TLS with the archive needs the setting 'reception.tls' (certificate, key, ca).")
    return _loaded(ssl.create_default_context(ssl.Purpose.SERVER_AUTH), settings)


def _loaded(context: ssl.SSLContext, settings: TlsSettings) -> ssl.SSLContext:
    try:
        context.load_cert_chain(settings.certificate, settings.key)
        if settings.ca is not None:
            context.load_verify_locations(settings.ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError):
        raise ConfigurationError(
            "The setting 'reception.tls' names a file that is missing or no PEM certificate, key or CA."
        ) from None
    return context
