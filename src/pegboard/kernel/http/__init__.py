"""The HTTP layer: who asks, may they, one transaction, one error shape."""
