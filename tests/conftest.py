from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a busy machine must not fail a build, and neither must a new random example: look for those by hand,
# with `pytest --hypothesis-seed=N` under another profile
settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hides the proxies, the certificate authorities and the home of whoever runs the tests."""
    from airflow_provider_phota.drivers.trust import BUNDLES, FILE, FOLDERS

    for name in (*BUNDLES, FILE, FOLDERS):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
