"""The demo: the whole sentence on a book of business.

home     a folder that is the demo's own, and its settings
book     the book of business, and how it is blanked
slips    mistakes that language models make, one person each
stage    import, propose, perform, seal
report   what came of it, for people and as JSON
cases    three cases in plain words
"""

from __future__ import annotations
