"""`python -m core.masking.convert_gitleaks CONFIG LICENSE VERSION`: the rules of gitleaks as this package's data file.

CONFIG is gitleaks' `config/gitleaks.toml` and LICENSE its license, both from its repository at VERSION.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("gitleaks.json")

# `named_values` decides on names and forms, `shape_rules` reads these more widely, and ids of clients are public.
_LEFT_OUT = frozenset(
    [
        "generic-api-key",
        "curl-auth-header",
        "curl-auth-user",
        "jwt",
        "jwt-base64",
        "private-key",
        "kubernetes-secret-yaml",
        "vault-service-token",
        "twilio-api-key",
        "hashicorp-tf-password",
        "nuget-config-password",
        "aws-access-token",
    ]
)
_PUBLIC = ("-client-id", "-pub-key", "-public-key", "-publishable-key")


def converted(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each rule that looks into texts: its id, pattern, keywords, lowest entropy and group of the secret."""
    for rule in config["rules"]:
        if "regex" not in rule or rule["id"] in _LEFT_OUT or rule["id"].endswith(_PUBLIC):
            continue
        yield {
            "id": rule["id"],
            "regex": rule["regex"],
            "keywords": sorted(keyword.lower() for keyword in rule.get("keywords", ())),
            "entropy": float(rule.get("entropy", 0)),
            "group": int(rule.get("secretGroup", 0)),
        }


def main(config: str, license_file: str, version: str) -> None:
    """Write the data file."""
    rules = list(converted(tomllib.loads(Path(config).read_text(encoding="utf-8"))))
    document = {
        "source": "https://github.com/gitleaks/gitleaks, config/gitleaks.toml",
        "version": version,
        "license": Path(license_file).read_text(encoding="utf-8"),
        "rules": rules,
    }
    DATA.write_text(json.dumps(document, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(rules)} rules\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
