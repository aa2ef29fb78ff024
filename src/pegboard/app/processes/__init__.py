"""One machine, all its cores: `--processes N`. The parent keeps the engines and the port, its children do the work."""
