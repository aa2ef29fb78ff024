"""Texts in three languages: catalogues, the choice of a language, and the checks that hold the catalogues
together.
"""

from pegboard.kernel.i18n.catalogues import Catalogues
from pegboard.kernel.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES, language_of

__all__ = ["DEFAULT_LANGUAGE", "LANGUAGES", "Catalogues", "language_of"]
