"""The Retagly contract over HTTP: what a point-of-sale system sends and reads.

Start at `create_app`; `edge` says what happens before a route sees a request, `saving` what a row's way is.
"""

from gateway.pos_api.app import create_app, routes
from gateway.pos_api.edge import edge
from gateway.pos_api.exchange import Exchange, exchange_of
from gateway.pos_api.openapi import API_VERSION, document
from gateway.pos_api.server import UVICORN_SETTINGS
from gateway.pos_api.services import DisplayFact, DisplaysBoundTo, DisplaysOfProduct, PosServices, PosSettings

__all__ = [
    "API_VERSION",
    "UVICORN_SETTINGS",
    "DisplayFact",
    "DisplaysBoundTo",
    "DisplaysOfProduct",
    "Exchange",
    "PosServices",
    "PosSettings",
    "create_app",
    "document",
    "edge",
    "exchange_of",
    "routes",
]
