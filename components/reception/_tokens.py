"""Names for files and journal rows that tell nobody whose they are."""

import hmac

_DIGITS = 32


class Tokens:
    """32 hexadecimal digits by HMAC-SHA256: a plain hash of a UID could be found by hashing known UIDs."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def study(self, uid: str) -> str:
        """From a Study Instance UID."""
        return self._of("study", uid.encode())

    def instance(self, uid: str) -> str:
        """From a SOP Instance UID."""
        return self._of("instance", uid.encode())

    def message(self, content: bytes) -> str:
        """From a message's bytes: the same message twice is one file."""
        return self._of("message", content)

    def _of(self, kind: str, content: bytes) -> str:
        return hmac.digest(self._key, kind.encode() + b"\0" + content, "sha256").hex()[:_DIGITS]
