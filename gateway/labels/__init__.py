"""Pictures and planes: product, template and panel in, content out. Pure."""
