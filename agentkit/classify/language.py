from __future__ import annotations
SERVED = ("en", "de", "fr", "es")
