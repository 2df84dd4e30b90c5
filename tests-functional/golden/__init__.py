"""Golden transcripts: what the backends of one test were asked, answered and signalled, with placeholders for all that
differs from run to run. Recorded once (or several times, which tells what varies), compared with every later run.
"""
