"""The public OpenAPI 3.1 document of the POS API. Start at `document`."""

from gateway.pos_api.openapi.document import API_VERSION, document

__all__ = ["API_VERSION", "document"]
