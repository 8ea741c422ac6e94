import pytest
from certificates import Certificates


@pytest.fixture(autouse=True)
def _bare(bare_environment: None) -> None:
    """Keeps the settings of this machine out of every test."""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))
