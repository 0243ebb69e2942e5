"""The wheel holds exactly the four import packages, their data and their entry points."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_the_wheel_holds_four_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    packages = {t for t in tops if not t.endswith(".dist-info")}
    expected = {"agentkit", "agentkit_plugins", "agentkit_constitutions", "agentkit_tui"}
    assert packages == expected


def test_constitutions_and_types_travel_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for wanted in ("base.yaml", "crm-default.yaml", "strict.yaml"):
        assert f"agentkit_constitutions/{wanted}" in names
    assert "agentkit_plugins/compatibility.yaml" in names
    assert "agentkit/py.typed" in names
    assert not any("/tests/" in n or n.startswith("examples/") for n in names)


def test_plugins_are_reached_through_entry_points(wheel: zipfile.ZipFile) -> None:
    name = next(n for n in wheel.namelist() if n.endswith("entry_points.txt"))
    text = wheel.read(name).decode()
    for plugin in ("consent", "bias", "deception", "duties", "oversight", "privacy", "purpose"):
        assert f"{plugin} = agentkit_plugins.{plugin}" in text


def test_the_lock_names_versions_and_hashes_and_no_addresses() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert len(pins) > 50
    assert all("==" in pin for pin in pins)
    assert not [line for line in lines if "://" in line or line.startswith("--")]
    assert sum("--hash=sha256:" in line for line in lines) >= len(pins)
