"""What all tests share: generated examples may be slow, since the machine may be busy."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("logsense", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("logsense")
