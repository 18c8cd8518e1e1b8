"""What is installed has none of the holes that were known when this list was last brought up to date (November 2026)."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import pytest
from packaging.version import Version

#: package: the release that closed it, and what it was
CLOSED = {
    "jinja2": ("3.1.6", "CVE-2025-27516: out of the sandbox by |attr"),
    "pyyaml": ("5.4", "CVE-2020-14343: code run by the full loader"),
    "pyarrow": ("14.0.1", "CVE-2023-47248: code run by reading a file"),
    "pydantic": ("2.4.0", "CVE-2024-3772: patterns of quadratic time"),
    "requests": ("2.32.4", "CVE-2024-47081: credentials of .netrc sent to another host"),
    "urllib3": ("2.5.0", "CVE-2025-50181: redirects followed though disabled"),
    "cryptography": ("44.0.1", "CVE-2024-12797: raw public keys not verified (OpenSSL)"),
    "mako": ("1.2.2", "CVE-2022-40023: patterns of quadratic time"),
    "pygments": ("2.15.1", "CVE-2022-40896: patterns of quadratic time"),
    "pyjwt": ("2.10.1", "CVE-2024-53861: issuer compared in part"),
}


@pytest.mark.parametrize("package", CLOSED)
def test_the_release_that_closed_it_or_a_later_one_is_installed(package: str) -> None:
    closed, what = CLOSED[package]
    try:
        installed = version(package)
    except PackageNotFoundError:
        pytest.skip("not installed")
    assert Version(installed) >= Version(closed), what
