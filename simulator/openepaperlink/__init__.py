"""OpenEPaperLink hardware that is not there: a radio module on a pty, and the tags that it hears."""
