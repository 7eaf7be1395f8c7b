"""OpenEPaperLink's radio modules: their serial dialect, their tags' types and pictures. Pure, sans-I/O."""
