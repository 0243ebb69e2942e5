"""Columns of HubSpot and Salesforce exports, recognised by their header.

HubSpot: the labels of a contact export (``Record ID``, ``First Name``, ``Country/Region``,
``Unsubscribed from all email``, ``Opted out of email: ...``) and the internal names
(``hs_object_id``, ``firstname``, ``hs_email_optout``). Salesforce: API names of Data Loader and
Data Export (``Id``, ``MailingCountry``, ``HasOptedOutOfEmail``, ``Account.Name``, custom fields
ending in ``__c``) and the labels of reports (``Contact ID``, ``Mailing Country``, ``Email Opt
Out``). Case, spaces and punctuation do not matter. Columns that are not known are kept under
their own header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from agentkit.errors import ImportFileError

__all__ = ["FORMATS", "Columns", "Format", "columns_of"]

Format = Literal["hubspot", "salesforce"]
FORMATS: Final = ("auto", "hubspot", "salesforce")

_HUBSPOT_ID: Final = frozenset({"recordid", "recordidcontact", "hsobjectid", "vid"})
_SALESFORCE_ID: Final = frozenset({"id", "contactid", "contactid18", "casesafeid"})

_FIELDS: Final[dict[str, str]] = {
    "first": "firstname givenname",
    "last": "lastname surname familyname",
    "name": "name fullname contactname",
    "email": "email emailaddress",
    "phone": "phone phonenumber businessphone",
    "mobile": "mobile mobilephone mobilephonenumber",
    "country": "country countryregion countryregioncode hscountryregioncode mailingcountry"
    " mailingcountrycode",
    "region": "state stateregion stateregioncode stateprovince hsstatecode mailingstate"
    " mailingstateprovince mailingstatecode",
    "postal_code": "postalcode zip zipcode mailingpostalcode mailingzip plz hszip",
    "timezone": "timezone hstimezone timezonesidkey",
    "language": "language preferredlanguage hslanguage languagelocalekey",
    "type": "type contacttype customertype",
    "company": "company companyname associatedcompany accountname",
    "owner": "contactowner ownername hubspotownerid",
    "owner_id": "ownerid contactownerid",
    "brand": "brand businessunit businessunits",
    "last_purchase": "lastorderdate lastpurchasedate recentdealclosedate lastpurchase",
    "contract_until": "contractenddate contractuntil contractend",
    "last_inquiry": "lastinquirydate lastinquiry recentconversiondate",
    "opt_out_offered": "optoutofferedatcollection optoutoffered",
    "address_source": "addresssource emailsource",
    "bought_categories": "boughtcategories purchasedcategories",
}
_FIELD_OF: Final = {name: field for field, names in _FIELDS.items() for name in names.split()}

_OPT_OUT: Final[dict[str, str]] = {
    "unsubscribedfromallemail": "email",
    "hsemailoptout": "email",
    "hasoptedoutofemail": "email",
    "emailoptout": "email",
    "donotcall": "phone",
    "smsoptout": "sms",
    "hasoptedoutofsms": "sms",
    "hasoptedoutofmobile": "sms",
    "et4aehasoptedoutofmobile": "sms",
    "mobileoptout": "sms",
    "whatsappoptout": "whatsapp",
    "donotcontact": "",
}
"""Columns that say no, by the channel that they close (empty: every one)."""

_OPT_IN: Final[dict[str, str]] = {
    "subscribed": "email",
    "emailsubscribed": "email",
    "newsletter": "email",
    "emailoptin": "email",
    "marketingoptin": "email",
    "smsoptin": "sms",
}
"""Columns that claim a yes, by channel. A claim without proof is never a consent."""

_OPT_OUT_OF_TYPE: Final = re.compile(r"opted out of email:\s*(.+)", re.IGNORECASE)
_SERVICE_TYPE: Final = re.compile(
    r"service|transaction|invoice|rechnung|order|bestell", re.IGNORECASE
)
_OTHER: Final = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True)
class Columns:
    """What each column of one file holds.

    Attributes:
        format: ``hubspot`` or ``salesforce``.
        fields: Our field to the headers that may hold it, in the order of the file.
        opt_outs: Header to the channel and purpose that a yes in it closes.
        opt_ins: Header to the channel for which a yes in it claims a consent.
        others: Headers that are kept under their own name.
    """

    format: Format
    fields: Mapping[str, Sequence[str]]
    opt_outs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    opt_ins: Mapping[str, str] = field(default_factory=dict)
    others: Sequence[str] = ()

    def first(self, values: Mapping[str, str], name: str) -> str:
        """The first cell that is not empty among the columns of a field."""
        return next((values[h] for h in self.fields.get(name, ()) if values[h]), "")


def columns_of(header: Sequence[str], fmt: str = "auto") -> Columns:
    """Recognise the columns of a contact export.

    Raises:
        ImportFileError: the header is of neither format, or not of the one that was asked for, or
            names a column twice.
    """
    squashed = {h: _squash(h) for h in header if h}
    _refuse_twice(header)
    chosen, ids = _format(squashed, fmt)
    fields: dict[str, list[str]] = {"id": ids[:1]}
    for name, key in squashed.items():
        if key in _FIELD_OF:
            fields.setdefault(_FIELD_OF[key], []).append(name)
    opt_outs = {n: (_OPT_OUT[k], "") for n, k in squashed.items() if k in _OPT_OUT}
    opt_outs.update(_types(squashed))
    opt_ins = {n: _OPT_IN[k] for n, k in squashed.items() if k in _OPT_IN}
    known = {h for names in fields.values() for h in names} | opt_outs.keys() | opt_ins.keys()
    return Columns(chosen, fields, opt_outs, opt_ins, [h for h in squashed if h not in known])


def _squash(header: str) -> str:
    return _OTHER.sub("", header.lower().removesuffix("__c"))


def _refuse_twice(header: Sequence[str]) -> None:
    twice = next((h for h in header if h and header.count(h) > 1), None)
    if twice is not None:
        raise ImportFileError(
            f"the column {twice!r} occurs twice", hint="export each column once, or rename one"
        )


def _format(squashed: Mapping[str, str], fmt: str) -> tuple[Format, list[str]]:
    hubspot = [h for h, key in squashed.items() if key in _HUBSPOT_ID]
    salesforce = [h for h, key in squashed.items() if key in _SALESFORCE_ID]
    if fmt in {"auto", "hubspot"} and hubspot:
        return "hubspot", hubspot
    if fmt in {"auto", "salesforce"} and salesforce:
        return "salesforce", salesforce
    wanted = "HubSpot's `Record ID` or Salesforce's `Id` or `Contact ID`"
    raise ImportFileError(
        f"no column holds the id of the contact: {wanted} is needed",
        hint=f"the columns are: {', '.join(list(squashed)[:12])}",
    )


def _types(squashed: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """HubSpot's one column a subscription type: what the type is for decides the purpose."""
    found = {h: _OPT_OUT_OF_TYPE.fullmatch(h) for h in squashed}
    return {
        h: ("email", "service" if _SERVICE_TYPE.search(m[1]) else "marketing")
        for h, m in found.items()
        if m
    }
