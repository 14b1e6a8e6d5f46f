"""`svlaw view`: a read-only look, in a browser on this machine, at the problems behind the figures.

`viewed_pool` reads without writing, `problem_table` and `problem_detail` say what is seen, `site`
makes pages of it and `server` serves them. Only `site` and `server` import the extra `view`.
"""
