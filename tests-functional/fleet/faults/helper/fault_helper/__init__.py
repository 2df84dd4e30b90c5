"""What runs beside a node, in its network namespace: it holds, drops and paces the node's packets, and probes.

Imports nothing but the standard library, and nothing of the harness.
"""
