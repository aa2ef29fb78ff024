"""The audit log: who did what, in a hash chain of each organisation, written in the transaction of the deed
itself.
"""

from pegboard.kernel.audit.log import Entry, EntryFilter, entries, erase_personal, record
from pegboard.kernel.audit.verification import Verification, export, verify, verify_export

__all__ = [
    "Entry",
    "EntryFilter",
    "Verification",
    "entries",
    "erase_personal",
    "export",
    "record",
    "verify",
    "verify_export",
]
