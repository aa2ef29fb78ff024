"""What every module stands on. Nothing here knows a word of the product."""
