"""What other modules may ask of `activity`: nothing. It stands above all of them."""
