"""What `activity` reports: nothing. It only listens."""
