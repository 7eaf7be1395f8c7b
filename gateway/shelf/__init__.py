"""What each display should show, and what its tag has proved it shows."""
