"""Passwords and other secrets: made, hashed, compared; never kept or logged in clear."""

import hashlib
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from kpl.errors import Invalid
from kpl.sentence import Sentence

MIN_PASSWORD_LENGTH = 10
MAX_PASSWORD_LENGTH = 256
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0, 1: it will be typed


class Passwords:
    """Hashes passwords with argon2id.

    Args:
        memory_mib: memory that one hash takes; at most two are computed at once.
    """

    def __init__(self, *, memory_mib: int) -> None:
        self._hasher = PasswordHasher(memory_cost=memory_mib * 1024)
        self._slots = threading.BoundedSemaphore(2)
        self._nobody: str | None = None

    def hash(self, password: str) -> str:
        with self._slots:
            return self._hasher.hash(password)

    def verify(self, password: str, password_hash: str) -> bool:
        """Whether the password is the one.

        It takes as long when there is no hash, so that nobody learns who exists.
        """
        if not password_hash:
            if self._nobody is None:
                self._nobody = self.hash(secrets.token_urlsafe())
            self._compare(password, self._nobody)
            return False
        return self._compare(password, password_hash)

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other costs than today's and should be made anew at this sign-in."""
        return self._hasher.check_needs_rehash(password_hash)

    def _compare(self, password: str, password_hash: str) -> bool:
        with self._slots:
            try:
                return self._hasher.verify(password_hash, password)
            except (VerifyMismatchError, VerificationError, InvalidHashError):
                return False


def check_password(password: str, *, username: str) -> None:
    """Refuse passwords that are too easy. Length counts more than signs, see NIST SP 800-63B."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise Invalid(
            Sentence(f"password: it has {len(password)} characters.", f"密码只有 {len(password)} 个字符。"),
            hint=Sentence(
                f"Use {MIN_PASSWORD_LENGTH} or more.", f"请使用至少 {MIN_PASSWORD_LENGTH} 个字符。"
            ),
        )
    if len(password) > MAX_PASSWORD_LENGTH:
        raise Invalid(
            Sentence(f"password: it has {len(password)} characters.", f"密码有 {len(password)} 个字符。"),
            hint=Sentence(f"Use at most {MAX_PASSWORD_LENGTH}.", f"最多 {MAX_PASSWORD_LENGTH} 个字符。"),
        )
    if len(set(password)) < 5 or (username.lower() in password.lower() and len(password) < len(username) + 6):
        raise Invalid(
            Sentence("password: it is easy to guess.", "密码太容易被猜到。"),
            hint=Sentence("Use several words that have nothing to do with you.", "请使用几个与您无关的词。"),
        )


def new_password() -> str:
    """A one-time password that is easy to type: 20 letters in four groups, 100 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def new_secret() -> str:
    """A secret of 256 bits for a cookie, a link or a token."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is kept of a secret that is itself random: its sha256."""
    return hashlib.sha256(secret.encode()).hexdigest()
