"""Requests to addresses that somebody else chose: the one way out."""

from pegboard.kernel.egress.client import Answer, Egress
from pegboard.kernel.egress.errors import (
    AnswerTooLarge,
    EgressFailed,
    EgressRefused,
    ForbiddenAddress,
    ForbiddenHeader,
    ForbiddenPort,
    ForbiddenUrl,
    TooManyRedirects,
)
from pegboard.kernel.egress.urls import Target

__all__ = [
    "Answer",
    "AnswerTooLarge",
    "Egress",
    "EgressFailed",
    "EgressRefused",
    "ForbiddenAddress",
    "ForbiddenHeader",
    "ForbiddenPort",
    "ForbiddenUrl",
    "Target",
    "TooManyRedirects",
]
