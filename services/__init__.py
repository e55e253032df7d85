"""What the portal can do: one function a use case."""
