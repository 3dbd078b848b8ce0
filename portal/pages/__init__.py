"""The pages: one module per subject, one blueprint each; routes.py lists them."""
