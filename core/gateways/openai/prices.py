"""What tokens cost, from the table beside this file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens."""

    input: float
    cached_input: float
    output: float

    def usd(self, prompt_tokens: int, cached_tokens: int, completion_tokens: int) -> float:
        """What one call cost; `cached_tokens` are part of `prompt_tokens`."""
        fresh = prompt_tokens - cached_tokens
        cost = fresh * self.input + cached_tokens * self.cached_input + completion_tokens * self.output
        return cost / 1_000_000


def load_prices() -> Mapping[str, Price]:
    """The table, by the prefix of a model's name."""
    text = (files("core.gateways.openai") / "prices.toml").read_text(encoding="utf-8")
    return {name: Price(**fields) for name, fields in tomllib.loads(text)["models"].items()}


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """The price by the longest prefix that ends where a part of the name ends; None for models nobody listed.

    A vendor before a slash is ignored: `openai/gpt-5-mini` costs what `gpt-5-mini` does. A newer variant such as
    `gpt-5.9` or `gpt-5-pro` is no `gpt-5`: only a date may follow.
    """
    name = model.rsplit("/", 1)[-1].lower()
    fitting = [prefix for prefix in prices if _is_version_of(name, prefix)]
    return prices[max(fitting, key=len)] if fitting else None


def _is_version_of(name: str, prefix: str) -> bool:
    rest = name.removeprefix(prefix)
    if rest == name:
        return False
    return not rest or (rest[0] in "-@:" and rest[1:].replace("-", "").isdigit()) or rest == "-latest"
