"""Every query of the directory, one file a noun. Each statement on a tenant's table names the organisation."""
