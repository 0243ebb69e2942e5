"""Importing what other CRMs export."""

from __future__ import annotations

from agentkit.crm.importing.columns import FORMATS
from agentkit.crm.importing.contacts import import_contacts
from agentkit.crm.importing.others import (
    import_consents,
    import_history,
    import_mails,
    import_records,
)
from agentkit.crm.importing.report import ImportReport, Problem
from agentkit.crm.importing.suppressions import import_suppressions

__all__ = [
    "FORMATS",
    "ImportReport",
    "Problem",
    "import_consents",
    "import_contacts",
    "import_history",
    "import_mails",
    "import_records",
    "import_suppressions",
]
