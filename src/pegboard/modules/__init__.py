"""One folder per noun of the product; each is entered by `api` and `events` only."""
