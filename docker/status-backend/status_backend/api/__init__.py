"""RPC services, one file a namespace."""
