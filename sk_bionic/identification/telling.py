"""How suspicions reach the user: one warning a fit, or one for all fits of a cohort."""

from contextlib import contextmanager
from contextvars import ContextVar

from ..exceptions import PlausibilityWarning, warn_user
from .suspicion import message

_SILENT = ContextVar("silent", default=False)


@contextmanager
def collected():
    """Fits in this context say nothing: whoever opened it asks their `findings_` and tells of them all at once."""
    token = _SILENT.set(True)
    try:
        yield
    finally:
        _SILENT.reset(token)


def tell(suspicions, where="`findings_`"):
    """One warning of all suspicions; none where there are none."""
    if suspicions and not _SILENT.get():
        warning = PlausibilityWarning(message(suspicions, where=where), message(suspicions, plain=True))
        warn_user(warning)
