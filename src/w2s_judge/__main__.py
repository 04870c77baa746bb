"""`python -m w2s_judge` is `w2s-judge`."""

from w2s_judge.cli import main

main()
