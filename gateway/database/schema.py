"""The one MetaData: each folder's `tables.py` adds its tables to it on import."""

from sqlalchemy import MetaData

metadata = MetaData()
