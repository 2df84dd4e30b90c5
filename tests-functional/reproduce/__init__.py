"""Doing it again: a whole run, on two builds, on a list of them; and what happened here before."""
