"""One file a screen: query parameters in, one question or command, render."""
