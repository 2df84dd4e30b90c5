"""Looks at what a run needs, before there is one: python -m doctor (by the script: --doctor).

facts.py asks the machine and the engine, checks.py judges. It works with a bare Python, also one that is too old.
"""
