"""The engine, its one writer, the one MetaData and the migrations."""
