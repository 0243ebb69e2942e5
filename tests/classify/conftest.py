"""One classifier for all tests of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agentkit.classify import Classifier
from agentkit.classify.manifest import MODELS


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return Classifier.load()


@pytest.fixture
def model_copy(tmp_path: Path) -> Path:
    """A copy of the shipped model that a test may break."""
    return Path(shutil.copytree(MODELS, tmp_path / "models"))
