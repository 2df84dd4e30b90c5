"""The RPC namespaces of status-backend, one class each."""
