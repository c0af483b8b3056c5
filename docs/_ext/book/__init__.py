"""The derivation book: what is drawn, measured and written for each op of the table."""
