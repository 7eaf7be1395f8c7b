"""Pages under /console and the admin API under /admin."""
