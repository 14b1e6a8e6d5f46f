"""Maps of the question whether to vote, to stop early or to verify."""
