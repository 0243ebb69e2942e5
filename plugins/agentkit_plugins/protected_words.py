"""Names of inputs that stand for a protected ground, or for a proxy of one, in four languages.

Grounds: EU Charter Art. 21, GDPR Art. 9(1), 12 CFR 1002.2(z) (ECOA, Regulation B). Written for
this project; an input is matched by the words of its name, so ``customerGender`` and
``kunden_geschlecht`` are found, and ``account_age`` and ``page`` are not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal

__all__ = ["Ground", "ground_of"]

Ground = Literal["protected", "proxy", ""]

_PROTECTED: Final = frozenset(
    """
    gender sex race racial ethnicity ethnic religion religious faith disability disabled pregnant
    pregnancy nationality citizenship caste sexuality transgender birthdate birthday birthyear dob
    marital maternity politics veteran health diagnosis illness union genetic biometric
    geschlecht rasse ethnie herkunft religionszugehörigkeit konfession behinderung
    behinderungsgrad schwanger schwangerschaft staatsangehörigkeit staatsbürgerschaft nationalität
    geburtsdatum geburtstag geburtsjahr familienstand gesundheit diagnose krankheit gewerkschaft
    sexe genre ethnie religieux handicap handicapé enceinte grossesse nationalité citoyenneté
    naissance anniversaire santé maladie syndicat matrimonial
    sexo género genero raza etnia religión religion discapacidad embarazada embarazo nacionalidad
    ciudadanía nacimiento cumpleaños salud enfermedad sindicato
    """.split()  # noqa: SIM905  (a list of a hundred words reads better as text)
)
_PROTECTED_PHRASES: Final = frozenset(
    {
        ("sexual", "orientation"), ("sexuelle", "orientierung"), ("orientation", "sexuelle"),
        ("orientación", "sexual"), ("civil", "status"), ("date", "birth"), ("birth", "date"),
        ("year", "birth"), ("date", "naissance"), ("fecha", "nacimiento"), ("état", "civil"),
        ("estado", "civil"), ("trade", "union"), ("political", "opinion"), ("political", "views"),
        ("politische", "meinung"), ("opinion", "politique"), ("opinión", "política"),
        ("skin", "color"), ("skin", "colour"), ("public", "assistance"),
    }
)  # fmt: skip
_AGE: Final = frozenset({"age", "alter", "âge", "edad"})
_AGE_OF_A_PERSON: Final = _AGE | frozenset(
    """
    customer person contact client user years in group band range buyer applicant kunde kunden jahre
    gruppe personne ans tranche cliente persona años grupo
    """.split()  # noqa: SIM905
)
"""``age`` counts only among these: the age of an account or a deal is nobody's age."""
_PROXY: Final = frozenset(
    """
    zip zipcode postcode postal neighborhood neighbourhood district firstname forename givenname
    surname lastname familyname maiden salutation birthplace accent photo avatar portrait picture
    school graduation alumni church mosque synagogue household
    plz postleitzahl stadtteil wohnviertel vorname nachname familienname geburtsname anrede
    geburtsort akzent foto lichtbild schule abschlussjahr
    prénom nom quartier civilité lieu_naissance école photo
    apellido apellidos nombre barrio tratamiento acento escuela
    """.split()  # noqa: SIM905
)
_PROXY_PHRASES: Final = frozenset(
    {
        ("first", "name"), ("last", "name"), ("full", "name"), ("family", "name"),
        ("given", "name"), ("middle", "name"), ("maiden", "name"), ("native", "language"),
        ("mother", "tongue"), ("spoken", "language"), ("zip", "code"), ("post", "code"),
        ("postal", "code"), ("code", "postal"), ("código", "postal"), ("codigo", "postal"),
        ("langue", "maternelle"), ("lengua", "materna"), ("place", "birth"), ("contact", "name"),
        ("customer", "name"), ("person", "name"),
    }
)  # fmt: skip
_COMPANY: Final = frozenset(
    """
    company firm firma account product deal campaign list file unternehmen entreprise empresa
    """.split()  # noqa: SIM905
)
"""``company_name`` names no person; ``product_race_car`` is nobody's race."""
_SPLIT: Final = re.compile(r"[^\W_]+")
_CAMEL: Final = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])")


@lru_cache(maxsize=8192)
def ground_of(name: str) -> Ground:
    """Whether an input's name stands for a protected ground, a proxy of one, or neither."""
    words = _SPLIT.findall(_CAMEL.sub(" ", name).lower())
    found = set(words)
    if found & _COMPANY:
        return ""
    pairs = set(pairwise(words)) | set(zip(words, words[2:], strict=False))
    if found & _PROTECTED or pairs & _PROTECTED_PHRASES:
        return "protected"
    if found & _AGE and found <= _AGE_OF_A_PERSON:
        return "protected"
    if found & _PROXY or pairs & _PROXY_PHRASES or words == ["name"]:
        return "proxy"
    return ""
