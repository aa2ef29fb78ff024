"""The OpenAPI document, made of the very routes that are served, and pages to read and try it."""

from pegboard.app.documentation.document import openapi_document
from pegboard.app.documentation.pages import documentation_routes

__all__ = ["documentation_routes", "openapi_document"]
