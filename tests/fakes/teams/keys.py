"""The Bot Connector's signature: its keys as it publishes them, and tokens as it makes and as others forge them."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

ISSUER = "https://api.botframework.com"
KEY_ID = "connector-1"


def new_key() -> rsa.RSAPrivateKey:
    """A fresh RSA key."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


_KEY = new_key()


class Keys:
    """Signs with the published key, unless told otherwise."""

    def __init__(self, app_id: str) -> None:
        self.app_id = app_id
        self.endorsements = ["msteams"]

    def published(self) -> dict[str, Any]:
        """The key set."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(_KEY.public_key()))
        return {"keys": [public | {"kid": KEY_ID, "use": "sig", "endorsements": self.endorsements}]}

    def token(
        self,
        service_url: str,
        *,
        key: rsa.RSAPrivateKey | str | None = None,
        algorithm: str = "RS256",
        kid: str | None = KEY_ID,
        **claims: Any,
    ) -> str:
        """A token for an activity with that service URL; `claims` replace its own, None leaves one out."""
        now = int(time.time())
        own = {"iss": ISSUER, "aud": self.app_id, "nbf": now - 60, "exp": now + 3_600, "serviceurl": service_url}
        payload = {name: value for name, value in (own | claims).items() if value is not None}
        secret: Any = None if algorithm == "none" else key or _KEY
        return jwt.encode(payload, secret, algorithm=algorithm, headers={"kid": kid} if kid else {})
