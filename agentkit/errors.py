"""Every error that agentkit raises on purpose.

    AgentkitError
      + ConfigError            settings, charters, bindings, field mappings
      + ConstitutionError      a constitution that cannot be loaded
      + PluginError            a plugin that cannot be registered, loaded or trusted
      + InvalidAction          an action that no gate can judge: unknown kind, bad arguments
      + InvalidEvidence        evidence of a wrong type or shape (becomes a gap in the gate)
      + StoreError             the database
        - StoreLocked          another process holds it for too long
        - StoreReadOnly        it cannot be written
        - StoreFull            no space left
        - SchemaMismatch       made by another version
      + LedgerError            the ledger does not verify, or its checkpoints are missing
      + NotFound               no such action, case, contact, file
      + Conflict               somebody else decided first, or the thing changed since it was read
        - Expired              it is too late
      + Forbidden              the operator has no authority for this decision
      + PermitError            no effect without a claimed permit
      + ModelError             a model file is missing, corrupt or not the one in its manifest
      + ConnectorError         an outside system answered badly
        - TransientConnectorError  worth trying again
        - UnknownOutcome       it is not known whether the effect took place: a person must look
      + ImportFileError        an input file that cannot be read at all

A message says what happened; ``hint`` says what to type or do next.
"""

from __future__ import annotations

__all__ = [
    "AgentkitError",
    "ConfigError",
    "Conflict",
    "ConnectorError",
    "ConstitutionError",
    "Expired",
    "Forbidden",
    "ImportFileError",
    "InvalidAction",
    "InvalidEvidence",
    "LedgerError",
    "ModelError",
    "NotFound",
    "PermitError",
    "PluginError",
    "SchemaMismatch",
    "StoreError",
    "StoreFull",
    "StoreLocked",
    "StoreReadOnly",
    "TransientConnectorError",
    "UnknownOutcome",
]


class AgentkitError(Exception):
    """Base of all errors that a user may meet.

    Attributes:
        message: What happened, in one sentence.
        hint: What to do next; empty where the message says it all.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the message and the hint apart, so that screens may lay them out."""
        super().__init__(f"{message}\n  {hint}" if hint else message)
        self.message = message
        self.hint = hint


class ConfigError(AgentkitError):
    """Settings, a charter, a binding or a field mapping is wrong."""


class ConstitutionError(AgentkitError):
    """A constitution cannot be loaded, or fails its own examples."""


class PluginError(AgentkitError):
    """A plugin cannot be registered, loaded or trusted."""


class InvalidAction(AgentkitError):
    """An action that no gate can judge; nothing was done."""


class InvalidEvidence(AgentkitError):
    """Evidence of a wrong type or shape; in the gate it becomes a gap."""


class StoreError(AgentkitError):
    """The database refused; nothing was half written."""


class StoreLocked(StoreError):
    """Another process holds the database for longer than the busy timeout."""


class StoreReadOnly(StoreError):
    """The database, or the folder it lies in, cannot be written."""


class StoreFull(StoreError):
    """No space is left for the database."""


class SchemaMismatch(StoreError):
    """The database was made by another version of agentkit."""


class LedgerError(AgentkitError):
    """The ledger does not verify."""


class NotFound(AgentkitError):
    """There is no such action, case, contact or file."""


class Conflict(AgentkitError):
    """Somebody else decided first, or the thing changed since it was read."""


class Expired(Conflict):
    """The decision comes too late."""


class Forbidden(AgentkitError):
    """The operator has no authority for this decision."""


class PermitError(AgentkitError):
    """An effect was asked for without a claimed permit."""


class ModelError(AgentkitError):
    """A model file is missing, corrupt or not the one that its manifest names."""


class ConnectorError(AgentkitError):
    """An outside system answered badly."""


class TransientConnectorError(ConnectorError):
    """An outside system failed in a way that is worth trying again."""


class UnknownOutcome(ConnectorError):
    """It is not known whether the effect took place; a person must look."""


class ImportFileError(AgentkitError):
    """An input file cannot be read at all (bad rows are reported, not raised)."""
