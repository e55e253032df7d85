"""Orders and ratings in: what a file says, what a profile makes of it, and how it meets what is stored."""
