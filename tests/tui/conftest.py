from __future__ import annotations

from pathlib import Path

import pytest

from agentkit.clock import FixedClock
from agentkit.store import Store
from tests.desks import Office, make_office


@pytest.fixture
def office(store: Store, clock: FixedClock, tmp_path: Path) -> Office:
    return make_office(store, clock, tmp_path)
