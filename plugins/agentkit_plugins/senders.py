"""Who sends, as the section ``[plugins.duties]`` of the settings says it."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from agentkit import Action
from agentkit_plugins.footers import Identity, body_of

__all__ = ["BrandSettings", "DutySettings", "configured", "identity_of", "introduce", "words_of"]


class BrandSettings(BaseModel):
    """Of one brand; what is empty is the business's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    sender: str = Field(default="", max_length=100, pattern=r"^[^\r\n]*$")
    postal_address: str = Field(default="", max_length=200, pattern=r"^[^\r\n]*$")
    unsubscribe_url: str = Field(default="", max_length=500, pattern=r"^(https://[^\s<>]+)?$")


class DutySettings(BrandSettings):
    """The whole section: the business, and its brands by name."""

    brands: dict[str, BrandSettings] = Field(default_factory=dict)

    def identity(self, brand: str) -> Identity:
        """Who a brand says it is."""
        own = self.brands.get(brand, BrandSettings())
        return Identity(
            own.sender or brand or self.sender,
            own.postal_address or self.postal_address,
            own.unsubscribe_url or self.unsubscribe_url,
        )


_NOTHING: Final = DutySettings()
_settings = _NOTHING


def introduce(settings: DutySettings | None) -> None:
    """Remember the settings of the installation; None forgets them."""
    global _settings  # noqa: PLW0603  (a plugin is a module: this is its state)
    _settings = settings or _NOTHING


def configured() -> bool:
    """Whether the section says anything."""
    return _settings != _NOTHING


def identity_of(action: Action) -> Identity:
    """Who sends an action, by its brand and the settings."""
    return _settings.identity(action.sender.brand)


def words_of(action: Action) -> str:
    """The text of an action without the lines at its end that a law asks for."""
    return body_of(action.text, identity_of(action), action.subject)
