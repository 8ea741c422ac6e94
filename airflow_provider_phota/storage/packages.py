"""Names the package to install where Airflow cannot open an object store."""

from __future__ import annotations

_PROVIDER = "apache-airflow-providers-"
_AMAZON = f"{_PROVIDER}amazon[s3fs]"
_GOOGLE = f"{_PROVIDER}google"
_AZURE = f"{_PROVIDER}microsoft-azure"
_SFTP = f"{_PROVIDER}sftp[sshfs]"
#: Scheme of a URL -> the package that makes Airflow open it.
_PACKAGES = {
    **dict.fromkeys(("s3", "s3a", "s3n"), _AMAZON),
    **dict.fromkeys(("gs", "gcs"), _GOOGLE),
    **dict.fromkeys(("abfs", "abfss", "adl"), _AZURE),
    **dict.fromkeys(("sftp", "ssh"), _SFTP),
}
#: Scheme of a URL -> the scheme that Airflow uses for that store.
_SPELLINGS = {"az": "abfs", "azure": "abfs", "wasb": "abfs", "wasbs": "abfs", "aws": "s3", "s3fs": "s3"}


def install_hint(url: str) -> str:
    """Returns a sentence that says what to install, so that Airflow can open a URL."""
    scheme, separator, _ = url.partition("://")
    scheme = scheme.lower()
    if package := _PACKAGES.get(scheme):
        return f"Install {package!r} where tasks run (pip install '{package}')."
    if spelling := _SPELLINGS.get(scheme):
        return f"Airflow calls that store {spelling}://."
    if not separator or not scheme.isalnum():
        return "Write it as a URL such as s3://bucket/key."
    return (
        f"Airflow does not know the store {scheme[:20]}:// here. Is it spelt right? If it is, install the "
        "Airflow provider for it."
    )
