"""The Retagly contract over HTTP: what a point-of-sale system sends and reads."""
