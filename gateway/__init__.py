"""The gateway that runs in the shop. The folders are the steps of a price on its way to the glass."""
