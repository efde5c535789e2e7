from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.glitchtip.server import GlitchTipServer
from tests.scenarios.conftest import CommandLine


@pytest.fixture(scope="session")
def glitchtip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GlitchTipServer]:
    with GlitchTipServer.running(tmp_path_factory.mktemp("glitchtip")) as server:
        yield server


@pytest.fixture
def logsense(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")
